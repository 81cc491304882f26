import { createEmulator, type Emulator, type SeedConfig } from 'emulate';
import { freePort } from '../support/ports.ts';

/** An emulator on 127.0.0.1 that takes itself to be at `publicUrl`; `url` is where it really listens. */
export async function startEmulator(
  service: 'github' | 'slack',
  publicUrl: string,
  seed: SeedConfig,
): Promise<Emulator> {
  for (let tries = 0; ; tries += 1) {
    const port = await freePort(); // it does not tell which one it took by itself
    try {
      const emulator = await createEmulator({ service, port, baseUrl: publicUrl, seed });
      return { ...emulator, url: `http://127.0.0.1:${port}` };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries > 4) throw error;
    }
  }
}
