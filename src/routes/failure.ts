import { AppError } from '../errors.ts';

/** A list that could not be loaded is told in its place, so that the page around it stays usable. */
export async function orFailure<T>(list: Promise<T>): Promise<{ value: T | null; failure: string | null }> {
  try {
    return { value: await list, failure: null };
  } catch (error) {
    if (error instanceof AppError && error.status === 503) return { value: null, failure: error.message };
    throw error;
  }
}
