/** Stops everything that was started, the last first, once, at a signal or after an error. */
export class Shutdown {
  readonly #finished = Promise.withResolvers<void>();
  readonly finished = this.#finished.promise;
  readonly #stopping = new AbortController();
  /** Aborted when the shutdown begins. */
  readonly signal = this.#stopping.signal;
  readonly #parts: { name: string; stop: () => Promise<void> }[] = [];

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!this.isStopping) console.log('\n• Stopping …');
        void this.run();
      });
    }
  }

  get isStopping(): boolean {
    return this.signal.aborted;
  }

  add(name: string, stop: () => Promise<void>): void {
    this.#parts.push({ name, stop });
  }

  /** Stops each part, even if another fails to stop, and then exits the process. */
  async run(): Promise<void> {
    if (this.isStopping) return await this.finished;
    this.#stopping.abort();
    for (const { name, stop } of this.#parts.reverse()) {
      try {
        await stop();
      } catch (error) {
        console.error(`✗ ${name} did not stop:`, error);
        process.exitCode = 1;
      }
    }
    if (process.exitCode !== 1) console.log('✓ Stopped');
    this.#finished.resolve();
    process.exit();
  }
}
