import { parentPort } from 'node:worker_threads';
import { OpenApiError } from './document.ts';
import type { OpenApiReading } from './operation.ts';
import { operationsIn } from './operations.ts';

// Reads one document beside the main thread, and is ended when that takes too long or too much memory (`read.ts`).

export type Answer = { reading: OpenApiReading } | { reason: string };

function answer(text: string): Answer {
  try {
    return { reading: operationsIn(text) };
  } catch (error) {
    const known = error instanceof OpenApiError;
    return {
      reason: known ? error.message : 'The document cannot be read: it is nested too deeply, or no OpenAPI document.',
    };
  }
}

parentPort?.once('message', (text: string) => parentPort?.postMessage(answer(text)));
