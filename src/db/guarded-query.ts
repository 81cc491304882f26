import type { ISql } from 'postgres';

/** Some SQL with its parameters, as Drizzle hands it to the driver. */
export interface Statement {
  text: string;
  parameters: unknown[];
}

type Run = (statement: Statement, asValues: boolean) => Promise<unknown>;

/** What Drizzle gets from the driver: a query that is sent when somebody waits for it. */
export class GuardedQuery implements PromiseLike<unknown> {
  readonly #run: Run;
  readonly #statement: Statement;
  #asValues = false;
  #answer: Promise<unknown> | undefined;

  constructor(run: Run, statement: Statement) {
    this.#run = run;
    this.#statement = statement;
  }

  /** Rows as arrays in place of objects. */
  values(): this {
    this.#asValues = true;
    return this;
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaited is what a query is for
  readonly then: Promise<unknown>['then'] = (onAnswer, onFailure) => {
    this.#answer ??= this.#run(this.#statement, this.#asValues);
    return this.#answer.then(onAnswer, onFailure);
  };
}

/** Sends the statement; always as one prepared statement, which Drizzle's builder would not do by itself. */
export function send(sql: Pick<ISql, 'unsafe'>, { text, parameters }: Statement, asValues: boolean) {
  const query = sql.unsafe(text, parameters as never[], { prepare: true, simple: false } as { prepare: boolean });
  return { answer: asValues ? query.values() : query, wasSent: () => Boolean((query as { state?: unknown }).state) };
}

const change = /\b(insert|update|delete|truncate|merge|call|create|alter|drop|grant|revoke)\b/i;

/** Whether the statement may save something; says yes when in doubt. */
export const mayChange = ({ text }: Statement): boolean => change.test(text);
