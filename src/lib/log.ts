import pino, { type DestinationStream, type Level, type Logger } from 'pino';
import { cleanText, scrub } from './scrub.ts';

/**
 * The hub's log: one JSON object a line, scrubbed of secrets at any depth, in fields, messages, errors and bindings.
 * @param destination where lines go; standard output when not given
 */
export function createLog(level: Level | 'silent', destination: DestinationStream = together(1)): Logger {
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (error: unknown) => error }, // `scrub` has made a plain object of it already
      formatters: { level: (label) => ({ level: label }), log: scrubObject },
      hooks: {
        logMethod(args, method) {
          method.apply(this, cleanArguments(args) as typeof args);
        },
        streamWrite: escapeControls,
      },
    },
    destination,
  );
  scrubBindings(log);
  return log;
}

/** Lines of the same moment in one write; those of a process that ends are written before. */
function together(fd: number): DestinationStream {
  const destination = pino.destination(fd);
  let lines = '';
  const flush = () => {
    if (lines) destination.write(lines);
    lines = '';
  };
  process.once('exit', flush);
  return {
    write(line) {
      if (!lines) setImmediate(flush);
      lines += line;
    },
  };
}

const scrubObject = (fields: object) => scrub(fields) as Record<string, unknown>;

/** An error without a message of the caller's would lend the line its own, unscrubbed. */
function cleanArguments([first, ...rest]: unknown[]): unknown[] {
  const cleaned = rest.map((arg) => (typeof arg === 'string' ? cleanText(arg) : scrub(arg)));
  if (typeof first === 'string') return [cleanText(first), ...cleaned];
  const fields = first instanceof Error ? { err: first } : first;
  const error = (fields as { err?: unknown } | null | undefined)?.err;
  if (!cleaned.length && error instanceof Error) return [fields, (scrub(error) as { message: string }).message];
  return [fields, ...cleaned];
}

/** pino formats the bindings of the first logger only; every child inherits this `child`. */
function scrubBindings(log: Logger): void {
  const { child } = log;
  log.child = function scrubbedChild(this: Logger, bindings, options) {
    return child.call(this, scrubObject(bindings), options);
  } as Logger['child'];
}

/** JSON escapes C0 controls by itself; these are the ones that terminals and line readers obey as well. */
const escapeControls = (line: string) =>
  line.replace(/[\u007f-\u009f\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
