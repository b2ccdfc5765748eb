const REPORT_INTERVAL_MS = 10_000;

const BAR_WIDTH = 24;

export function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR_WIDTH : Math.min(BAR_WIDTH, Math.round((done / total) * BAR_WIDTH));
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`;
}

/** Shows how much of a step is done. */
type ShowProgress = (done: number, total: number) => void;

/**
 * Runs one step of a start. Prints its start, every 10 s that it still runs, and its duration. The progress of the step
 * is a bar if the output is a terminal.
 */
export async function step<T>(name: string, work: (showProgress: ShowProgress) => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  const isTerminal = process.stdout.isTTY === true;
  let progress = '';
  const write = (line: string) => process.stdout.write(`${isTerminal && progress ? '\r\u001b[2K' : ''}${line}`);
  console.log(`• ${name} …`);
  const ticker = setInterval(() => write(`  … ${name}, ${elapsed(startedAt)} s${progress}\n`), REPORT_INTERVAL_MS);
  try {
    const result = await work((done, total) => {
      if (isTerminal) write(`  ${bar(done, total)} ${done}/${total}`);
      progress = `, ${done} of ${total}`;
    });
    write(`✓ ${name} (${elapsed(startedAt)} s)\n`);
    return result;
  } catch (error) {
    write('');
    throw error;
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
