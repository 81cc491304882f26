/**
 * Asks at most once in so many milliseconds, and once for everybody who asks meanwhile. A failure is an answer too.
 * @returns a function that gives the newest answer
 */
export function briefly<T>(ask: () => Promise<T>, ms: number): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => {
    if (answer) return answer;
    answer = ask().finally(() => setTimeout(() => (answer = null), ms).unref());
    return answer;
  };
}
