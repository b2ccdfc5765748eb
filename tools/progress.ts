const SAY_AGAIN_AFTER_MS = 10_000;

/** Runs one step of a start; says that it began, that it still goes on, and how long it took. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  console.log(`• ${name} …`);
  const ticker = setInterval(() => console.log(`  … ${name}, ${elapsed(started)} s`), SAY_AGAIN_AFTER_MS);
  try {
    const result = await work();
    console.log(`✓ ${name} (${elapsed(started)} s)`);
    return result;
  } finally {
    clearInterval(ticker);
  }
}

export function elapsed(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}

/** Asks again until there is an answer. Throws what `late` makes when time is up. */
export async function until<T>(
  ask: () => Promise<T | undefined>,
  options: { timeoutMs: number; everyMs: number; late: () => Error },
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw options.late();
    await new Promise((resume) => setTimeout(resume, options.everyMs));
  }
}
