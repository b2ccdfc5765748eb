interface Batch<T> {
  readonly keys: Set<string>;
  deadlineMs: number;
  readonly results: Promise<ReadonlyMap<string, T>>;
}

/**
 * Returns a function that collects the keys of all calls of one turn of the event loop, and calls `run` once for them,
 * with the earliest of their deadlines. A key without a result is undefined.
 */
export function createBatcher<T>(
  run: (keys: readonly string[], deadlineMs: number) => Promise<ReadonlyMap<string, T>>,
): (key: string, deadlineMs: number) => Promise<T | undefined> {
  let open: Batch<T> | undefined;
  const openBatch = (): Batch<T> => {
    const batch: Batch<T> = {
      keys: new Set(),
      deadlineMs: Number.POSITIVE_INFINITY,
      results: Promise.resolve().then(() => {
        open = undefined;
        return run([...batch.keys], batch.deadlineMs);
      }),
    };
    return batch;
  };
  return async (key, deadlineMs) => {
    open ??= openBatch();
    const batch = open;
    batch.keys.add(key);
    batch.deadlineMs = Math.min(batch.deadlineMs, deadlineMs);
    return (await batch.results).get(key);
  };
}
