import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is there. After the limit it says what it saw last, which is what one wants to know. */
export async function poll<T>(ask: () => Promise<T>, enough: (answer: T) => boolean, limitMs = 60_000): Promise<T> {
  const until = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (enough(answer)) return answer;
    if (Date.now() > until) throw new Error(`after ${limitMs} ms still: ${JSON.stringify(answer)}`);
    await pause(25);
  }
}
