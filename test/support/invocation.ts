import { AsyncLocalStorage } from 'node:async_hooks';
import type { VirtualClock } from './virtual-clock.ts';

/** What Lambda reports if a function has not returned by its timeout. */
export class FunctionTimedOut extends Error {
  override readonly name = 'FunctionTimedOut';

  constructor(timeoutMs: number) {
    super(`Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`);
  }
}

interface InvocationOptions {
  readonly clock: VirtualClock;
  readonly timeoutMs: number;
  /** The number of calls of ports after which the process freezes. By default it does not. */
  readonly freezesAfterCalls?: number | undefined;
}

/** One run of a handler. */
class Invocation {
  readonly #random: () => number;
  #callsLeft: number;
  #hasEnded = false;

  constructor({ clock, freezesAfterCalls = Number.POSITIVE_INFINITY }: InvocationOptions) {
    this.#random = clock.random;
    this.#callsLeft = freezesAfterCalls;
  }

  end(): void {
    this.#hasEnded = true;
  }

  get #isStopped(): boolean {
    return this.#hasEnded || this.#callsLeft < 0;
  }

  /** Makes a call, and never returns if the handler has stopped by the time of the result. */
  async perform<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isStopped) return never();
    this.#callsLeft -= 1;
    // The call at which the process freezes was sent before, or it was not. Nobody learns its result.
    if (this.#isStopped) {
      if (this.#random() < 0.5) call().catch(() => undefined);
      return never();
    }
    const [result] = await Promise.allSettled([call()]);
    if (this.#isStopped) return never();
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }
}

const never = () => new Promise<never>(() => undefined);

const currentInvocation = new AsyncLocalStorage<Invocation>();

/**
 * Runs a handler as one invocation. If it has not returned by its timeout, it ends as Lambda ends it: this function
 * throws `FunctionTimedOut`, and no more code of the handler runs. Requests that it had sent go on.
 */
export function invoke<T>(options: InvocationOptions, handle: () => Promise<T>): Promise<T> {
  const { clock, timeoutMs } = options;
  const invocation = new Invocation(options);
  return new Promise<T>((resolve, reject) => {
    const cancelTimeout = clock.at(clock.now() + timeoutMs, () => {
      invocation.end();
      reject(new FunctionTimedOut(timeoutMs));
    });
    currentInvocation.run(invocation, handle).finally(cancelTimeout).then(resolve, reject);
  });
}

/** Makes a call on behalf of the current invocation, if there is one. Its result is lost with the invocation. */
export function duringInvocation<T>(call: () => Promise<T>): Promise<T> {
  const invocation = currentInvocation.getStore();
  return invocation ? invocation.perform(call) : call();
}
