/** Ctrl-C that comes twice at once is one: npm passes on what the terminal has sent to us already. */
const SAME_KEY_MS = 1000;
const INTERRUPTED = 130;

/** Ctrl-C asks a command to end where nothing is half done; a second one, later, ends it as it stands. */
export function interruption(): { signal: AbortSignal; code: number } {
  const controller = new AbortController();
  let first: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      first ??= Date.now();
      if (Date.now() - first > SAME_KEY_MS) process.exit(INTERRUPTED);
      controller.abort();
    });
  return { signal: controller.signal, code: INTERRUPTED };
}
