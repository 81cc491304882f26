import { type BrokerResult, faultOf, ServiceError, type ServiceFault } from '../driver.ts';
import { line, record, slug } from './read.ts';

/** Far more than is shown: where secrets are taken out it is cut again, and one that was cut before would not be known. */
const longest = 20_000;

/** By which Composio's support finds a run, or null. */
export const logIdOf = (answer: unknown): string | null => slug(record(answer).log_id);

/**
 * What a tool gave. Composio answers 200 also when the tool failed.
 * @throws ServiceError with the tool's own sentence
 */
export function result(answer: unknown): BrokerResult {
  const { data, error, successful } = record(answer);
  const failed = successful === false || (successful !== true && error !== null && error !== undefined);
  if (failed) throw failure(error, data);
  if (successful === undefined && data === undefined)
    throw new ServiceError('service', 'Composio answered something that is no result of a tool.');
  return { data: data ?? {}, logId: logIdOf(answer) };
}

function failure(error: unknown, data: unknown): ServiceError {
  const status = statusIn(data) ?? statusIn(error);
  const said = sentenceIn(error) || sentenceIn(data);
  const message = said ? `The tool failed: ${said}` : 'The tool failed, and Composio does not say why.';
  return new ServiceError(faultBy(status), /[.!?…]$/.test(message) ? message : `${message}.`, status ? { status } : {});
}

/** Without a status nobody knows whose fault it was; trying the same again would hardly help. */
const faultBy = (status: number | undefined): ServiceFault => (status === undefined ? 'input' : faultOf(status));

function statusIn(value: unknown): number | undefined {
  const { status_code, statusCode, http_status } = record(parsed(value));
  return [status_code, statusCode, http_status].map(Number).find((each) => each >= 400 && each <= 599);
}

/** The sentence is there as it is, in an object, or in an object that was made a text. */
function sentenceIn(value: unknown): string {
  const read = parsed(value);
  if (typeof read === 'string') return line(read, longest);
  const { message, error, detail, error_description } = record(read);
  const found = [message, detail, error_description, error, record(error).message];
  return line(
    found.find((each) => typeof each === 'string' && each.trim()),
    longest,
  );
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*\{/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
