/**
 * At most so many at once for each key; the others wait in turn. The embedded engine starts one more function worker
 * for each concurrent call and keeps it, so a burst without this would take the laptop's memory.
 */
export class Limiter {
  readonly #max: number;
  readonly #lanes = new Map<string, { running: number; waiting: (() => void)[] }>();

  constructor(max: number) {
    this.#max = max;
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(key) ?? { running: 0, waiting: [] };
    this.#lanes.set(key, lane);
    if (lane.running >= this.#max) await new Promise<void>((turn) => lane.waiting.push(turn));
    else lane.running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next in line as it is, so that nobody can slip in between.
      const next = lane.waiting.shift();
      if (next) next();
      else lane.running -= 1;
    }
  }
}
