import { setTimeout as sleep } from 'node:timers/promises';

/** On a loaded machine a hub answers 503 for a moment: asked again a few times, for what may be asked twice. */
export async function unlessBusy(ask: () => Promise<Response>, { tries = 10, pauseMs = 1000 } = {}): Promise<Response> {
  const answer = await ask();
  if (answer.status !== 503 || tries <= 1) return answer;
  await answer.body?.cancel();
  await sleep(pauseMs);
  return unlessBusy(ask, { tries: tries - 1, pauseMs });
}
