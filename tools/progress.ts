const REPORT_INTERVAL_MS = 10_000;

/** Runs one step of a start. Prints its begin, every 10 s that it still runs, and its duration. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  console.log(`• ${name} …`);
  const ticker = setInterval(() => console.log(`  … ${name}, ${elapsed(startedAt)} s`), REPORT_INTERVAL_MS);
  try {
    const result = await work();
    console.log(`✓ ${name} (${elapsed(startedAt)} s)`);
    return result;
  } finally {
    clearInterval(ticker);
  }
}

/** Returns the seconds since a time in ms, with one digit after the point. */
export function elapsed(sinceMs: number): string {
  return ((Date.now() - sinceMs) / 1000).toFixed(1);
}

/** Calls `probe` until it returns a value. Throws `timeoutError()` after the timeout. */
export async function until<T>(
  probe: () => Promise<T | undefined>,
  options: { timeoutMs: number; intervalMs: number; timeoutError: () => Error },
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw options.timeoutError();
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs));
  }
}
