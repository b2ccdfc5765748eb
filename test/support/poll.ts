import { setTimeout as pause } from 'node:timers/promises';

/** Calls `read` until `isDone` accepts its value. After the limit it throws an error with the last value. */
export async function poll<T>(read: () => Promise<T>, isDone: (value: T) => boolean, limitMs = 60_000): Promise<T> {
  const deadlineMs = Date.now() + limitMs;
  for (;;) {
    const value = await read();
    if (isDone(value)) return value;
    if (Date.now() > deadlineMs) throw new Error(`not done after ${limitMs} ms: ${JSON.stringify(value)}`);
    await pause(25);
  }
}
