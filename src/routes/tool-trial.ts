import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../context.ts';
import type { Tool } from '../drivers/driver.ts';
import { type FieldErrors, notFound } from '../errors.ts';
import type { Field } from '../lib/forms/field.ts';
import { childrenOf } from '../lib/forms/groups.ts';
import { formFields } from '../lib/forms/model.ts';
import { type ParsedForm, parseForm } from '../lib/forms/parse.ts';
import { errorSummary } from '../lib/forms/summary.ts';
import { usableAccounts } from '../services/calls/call-targets.ts';
import { getConnector } from '../services/connectors/installed.ts';
import type { SourcedTool } from '../services/tools/tool-source.ts';
import { type Executed, findTool } from '../services/tools/tools.ts';
import { toolResult, trialHead } from './dashboard/tool-model.ts';
import type { ToolTrial } from './view-models/tool.ts';

type Connector = Awaited<ReturnType<typeof getConnector>>['connector'];

export interface TriedTool {
  connector: Connector;
  tool: Tool;
  /** With the toolkit in front, as verbs take it. */
  name: string;
  /** Whose account it needs, when that is another service than the connector's own. */
  account?: SourcedTool['account'];
}

/** @throws AppError not_found */
export async function triedTool(ctx: Ctx, connectorId: string, slug: string): Promise<TriedTool> {
  const { connector } = await getConnector(ctx, connectorId);
  const name = `${connector.catalog.key}.${slug}`;
  const found = await findTool(ctx, name);
  if (found.connectorId && found.connectorId !== connector.id) throw notFound('tool');
  return { connector, name, tool: found.tool, account: found.account };
}

/** What came with the form, and what became of it. */
export interface Trial {
  /** What to begin with, such as the arguments of an earlier run. */
  value?: unknown;
  sent?: ParsedForm;
  connectionId?: string;
  errors?: FieldErrors;
  /** Everything is right, and now the person has to agree. */
  asks?: boolean;
  executed?: Executed;
  /** The reserved id, while nothing has run under it. */
  executionId?: string;
}

const prefix = 'arguments';

export const readArguments = ({ tool }: TriedTool, form: FormData): ParsedForm => parseForm(tool.input, form, prefix);

export async function toolTrial(ctx: Ctx, tried: TriedTool, trial: Trial = {}): Promise<ToolTrial> {
  const { connector, tool } = tried;
  const { sent, errors = {}, executed } = trial;
  const { accounts, blocked } = await usableAccounts(ctx, connector, tried.account);
  const fields = formFields(tool.input, {
    prefix,
    value: sent?.value ?? trial.value,
    errors,
    rawValues: sent?.rawValues,
    idPrefix: 'tool',
  });
  const head = trialHead(tried, tool);
  const service = connector.catalog.name;
  const place = connector.name === service ? service : `${service}, through ${connector.name}`;
  const fieldAt = (path: string) => flat(fields).find((field) => field.path === `${prefix}.${path}`);
  return {
    ...head,
    executionId: trial.executionId ?? uuidv7(),
    blocked,
    accounts:
      accounts.length > 1
        ? accounts.map(({ id, accountLabel, userId }) => ({
            value: id,
            label: `${accountLabel ?? connector.name}${userId ? ' (personal)' : ''}`,
            chosen: id === trial.connectionId,
          }))
        : [],
    fields,
    summary: errorSummary(fields, errors),
    question: trial.asks ? `${tool.title}: this changes something at ${place}. Run it?` : '',
    result: executed ? toolResult(ctx, tried, executed, fieldAt) : null,
  };
}

const flat = (fields: Field[]): Field[] => fields.flatMap((field) => [field, ...flat(childrenOf(field))]);
