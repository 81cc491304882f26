import { cutStarts } from '../cut-starts.ts';
import type { Drill } from '../drill.ts';
import { olderVersion } from '../older-version.ts';
import { sideBySide } from '../side-by-side.ts';
import { openSite } from '../site.ts';

/** Of load for each start that is killed. */
const secondsPerRound = 3;

export const drill: Drill = {
  name: 'upgrade',
  promise:
    'The version before and this one serve side by side while it migrates and after; a start that dies while it migrates costs nothing',
  target: '0 failed requests, 0 lost, 0 half done, the schema and rows of an uninterrupted start after every kill',
  rounds: 20,
  limitS: (rounds) => 300 + rounds * (secondsPerRound + 30),
  async run(given) {
    const cut = await cutStarts(await openSite(given), given);
    const older = await olderVersion(given);
    if ('reason' in older)
      return { ...cut, skipped: `nothing was served side by side, because ${older.reason}; choose with FROM=<commit>` };
    const served = await sideBySide(given, older, given.rounds * secondsPerRound);
    return { figure: { ...served.figure, ...cut.figure }, misses: [...served.misses, ...cut.misses] };
  },
};
