/** Signals within one second count as one: on Ctrl-C, npm passes on the signal that the terminal has sent as well. */
const SAME_KEY_MS = 1000;
/** 128 + SIGINT, as shells expect. */
const INTERRUPTED = 130;

/**
 * Aborts the signal at the first Ctrl-C, so that a command stops before its next operation. A later one exits at once.
 */
export function listenForInterrupts(): { signal: AbortSignal; exitCode: number } {
  const controller = new AbortController();
  let firstMs: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      firstMs ??= Date.now();
      if (Date.now() - firstMs > SAME_KEY_MS) process.exit(INTERRUPTED);
      controller.abort();
    });
  return { signal: controller.signal, exitCode: INTERRUPTED };
}
