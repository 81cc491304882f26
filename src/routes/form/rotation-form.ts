import type { Ctx } from '../../context.ts';
import type { FieldErrors } from '../../errors.ts';
import { formFields } from '../../lib/forms/model.ts';
import { errorSummary } from '../../lib/forms/summary.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { fieldAt } from '../../lib/schema/walk.ts';
import { connectionUse } from '../../services/connections/connection-use.ts';
import { connectionName } from '../../services/connections/connections.ts';
import type { getRotation } from '../../services/credentials/credential-rotation.ts';
import { withoutSecrets } from '../../services/secrets/secrets.ts';
import { usesOf } from '../dashboard/execution-model.ts';
import { paths } from '../paths.ts';
import type { ConnectorForm } from '../view-models/dialog.ts';

type Rotation = Awaited<ReturnType<typeof getRotation>>;

export const rotationPrefix = 'credential';

/** The fields that may be given anew, as the connector's own form has them; what stays blank stays as it is. */
export function rotationSchema({ driver, connector, fields }: Rotation): JsonSchema {
  const auth = withoutSecrets(connector.auth);
  const known = fields.map((path) => [path, fieldAt(driver.entry.authSchema, auth, path) ?? plain(path)] as const);
  const properties = known.map(([path, field]) => {
    const { 'x-visible-when': _other, 'x-group': _group, ...rest } = field;
    return [path, rest] as const;
  });
  const required = fields.length === 1 ? fields : [];
  return { type: 'object', properties: Object.fromEntries(properties), required };
}

const plain = (path: string): JsonSchema => ({
  type: 'string',
  title: path === 'access_token' ? 'Access token' : 'Refresh token',
  'x-secret': true,
});

/** The dialog; what was typed never comes back in it. */
export async function rotationForm(ctx: Ctx, rotation: Rotation, errors: FieldErrors = {}): Promise<ConnectorForm> {
  const { connector, connection, driver } = rotation;
  const fields = formFields(rotationSchema(rotation), { prefix: rotationPrefix, errors, idPrefix: 'rotation' });
  return {
    icon: driver.entry.key,
    heading: `Rotate the credential of ${connector.name}`,
    subtitle: connectionName(connection, connector),
    method: 'post',
    path: paths.credentialRotation(connection.id),
    back: paths.connector(connector.id),
    hidden: { _tenant: ctx.tenantId },
    notice:
      'The new one is tested before it is used, and has to be for the same account. The one in use stays until then, and can be brought back for 24 hours.',
    use: usesOf((await connectionUse(ctx, connection.id)).use),
    summary: errorSummary(fields, errors),
    stale: null,
    sections: [{ title: '', help: '', fields }],
    submit: 'Test and use it',
  };
}
