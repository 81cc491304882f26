import type { PgBoss } from 'pg-boss';
import type { Logger } from 'pino';

const quietMs = 60_000;

/** The library goes on by itself after every error; nobody listening for them would end the process. The same one is told once a minute. */
export function tellTrouble(boss: PgBoss, log: Logger) {
  const told = new Map<string, number>();
  const tell = (message: string, fields: object) => {
    const what = message.replace(/[(]Queue: .*/, '').trim();
    if (Date.now() - (told.get(what) ?? 0) < quietMs) return;
    if (told.size > 100) told.clear();
    told.set(what, Date.now());
    log.warn({ ...fields, reason: what }, 'the job queue had trouble and goes on');
  };
  // Not the error itself: it may quote rows.
  boss.on('error', (error: Error & { code?: string }) => tell(error.message, { code: error.code }));
  boss.on('warning', ({ message }) => tell(message, {}));
}
