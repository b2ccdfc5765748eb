import { setTimeout as sleep } from 'node:timers/promises';
import type { Option } from './command.ts';
import type { Printer } from './print.ts';

const INTERVAL_MS = 1000;

export const watchOption = {
  type: 'boolean',
  help: 'repeat every second until Ctrl-C',
} as const satisfies Option;

/** Waits for the given time. Returns early when the signal is aborted. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

/** Prints what `read` returns once, or every second until the signal is aborted if `repeat` is set. */
export async function printAndWatch<T>(
  { print, signal }: { print: Printer; signal: AbortSignal },
  repeat: boolean | undefined,
  read: () => Promise<T>,
  format: (data: T) => string,
): Promise<undefined> {
  if (!repeat) {
    const data = await read();
    print.result(data, () => format(data));
    return undefined;
  }
  // A terminal shows each reading in place of the last one; a file gets them one below the other.
  const clearScreen = process.stdout.isTTY === true ? '\u001b[H\u001b[2J' : '';
  while (!signal.aborted) {
    const data = await read();
    print.line(data, () => `${clearScreen}${format(data)}\n`);
    await pause(INTERVAL_MS, signal);
  }
  return undefined;
}
