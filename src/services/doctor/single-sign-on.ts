import { withConnection } from '../../db/connection.ts';
import { existingSlugs } from '../../db/queries/inspection.ts';
import { OidcError } from '../../lib/oidc.ts';
import { providerClient } from '../single-sign-on/provider.ts';
import { managedWorkspaces } from '../single-sign-on/roles.ts';
import { type Finding, fail, ok, type Patient, warn } from './finding.ts';

const name = 'single sign-on';

/** Whether the provider can be asked to sign people in, and whether what its groups stand for exists. */
export async function checkSingleSignOn({ config, owner }: Pick<Patient, 'config' | 'owner'>): Promise<Finding[]> {
  const settings = config.singleSignOn;
  if (!settings) return [];
  const findings: Finding[] = [];
  const slugs = managedWorkspaces(settings);
  const there = slugs.length ? await withConnection(owner, (sql) => existingSlugs(sql, slugs)) : [];
  const missing = slugs.filter((slug) => !there.includes(slug));
  if (missing.length)
    findings.push(
      warn(
        name,
        `OIDC_ROLES names workspaces that do not exist: ${missing.join(', ')}.`,
        'Use the slugs that /operator shows.',
      ),
    );
  try {
    await providerClient(settings, config).authorizationUrl({
      redirectUri: config.baseUrl,
      state: '',
      nonce: '',
      verifier: 'x',
    });
    if (!findings.length) findings.push(ok(name, `People can be sent to ${new URL(settings.issuer).origin}.`));
  } catch (error) {
    if (!(error instanceof OidcError)) throw error;
    const next = 'Correct OIDC_ISSUER, or let the hub reach it; people can sign in with their passwords only.';
    findings.push(fail(name, `${new URL(settings.issuer).origin} cannot be used: ${error.message}`, next));
  }
  return findings;
}
