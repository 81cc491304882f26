import { type Answer, Caller } from './caller.ts';

export interface Asked {
  requests: number;
  /** What was not answered as it should be. */
  failed: string[];
}

/** Asks one hub after the other, whoever is there at the moment, and notes every answer that is no success. */
export class TurnTaker extends Caller {
  readonly #urls: string[];
  readonly #asked: Asked;
  #turn = 0;

  constructor({ url, headers }: Caller, urls: string[], asked: Asked) {
    super(url, headers);
    this.#urls = urls;
    this.#asked = asked;
  }

  override async send(...[method, path, body, headers]: Parameters<Caller['send']>): Promise<Answer> {
    const url = this.#urls[this.#turn++ % this.#urls.length] ?? this.url;
    const answer = await this.at(url).send(method, path, body, headers);
    this.longestMs = Math.max(this.longestMs, answer.ms);
    this.#asked.requests += 1;
    const { status, error } = answer;
    if (status < 200 || status > 299) {
      const said = JSON.stringify(answer.body)?.slice(0, 300);
      this.#asked.failed.push(`${method} ${path} at ${new URL(url).port}: ${error ?? status} ${said}`);
    }
    return answer;
  }
}
