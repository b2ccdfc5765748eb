/** Ends everything that was started, the last first, once, at a signal or at a failure. */
export class Stopper {
  readonly stopped: Promise<void>;
  #stopping = false;
  #done: () => void = () => {};
  readonly #steps: { name: string; end: () => Promise<void> }[] = [];

  constructor() {
    this.stopped = new Promise((done) => {
      this.#done = done;
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!this.#stopping) console.log('\n• stopping …');
        void this.stop();
      });
    }
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  add(name: string, end: () => Promise<void>): void {
    this.#steps.push({ name, end });
  }

  /** Each step gets its turn, whatever becomes of the others; then the process ends. */
  async stop(): Promise<void> {
    if (this.#stopping) return await this.stopped;
    this.#stopping = true;
    for (const { name, end } of this.#steps.reverse()) {
      try {
        await end();
      } catch (error) {
        console.error(`✗ ${name} did not stop:`, error);
        process.exitCode = 1;
      }
    }
    if (process.exitCode !== 1) console.log('✓ stopped');
    this.#done();
    process.exit();
  }
}
