/** Does the work for each item, at most `atOnce` at a time; the results stand in the order of the items. The first failure is thrown at the end. */
export async function eachAtOnce<T, R>(items: T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const queue = items.entries();
  const line = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, line));
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
  return results;
}
