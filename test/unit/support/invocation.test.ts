import { expect, test } from 'vitest';
import { duringInvocation, FunctionTimedOut, invoke } from '../../support/invocation.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

function createFunction(freezesAfterCalls?: number, seed = 1) {
  const clock = virtualClock(seed);
  const startMs = clock.now();
  const log: string[] = [];
  const sleep = (ms: number) => duringInvocation(() => clock.sleep(ms));
  /** Calls a port: its effect takes place after the time. */
  const call = (name: string, ms: number) =>
    duringInvocation(async () => {
      await clock.sleep(ms);
      log.push(`${name} done`);
    });
  /** Runs the handler with a timeout of 1 s, and returns its result or error and when it ended. */
  const run = async <T>(handle: () => Promise<T>) => {
    let ended: { result?: T; error?: unknown; afterMs: number } | undefined;
    const end = (outcome: { result?: T; error?: unknown }) => {
      ended = { ...outcome, afterMs: clock.now() - startMs };
    };
    invoke({ clock, timeoutMs: 1000, freezesAfterCalls }, handle).then(
      (result) => end({ result }),
      (error: unknown) => end({ error }),
    );
    await clock.runUntil(() => ended !== undefined);
    return ended;
  };
  /** Lets all timers pass. */
  const runToEnd = () => clock.runUntil(() => false);
  return { clock, log, sleep, call, run, runToEnd, startMs };
}

test('an invocation returns what its handler returns, and leaves no timer', async () => {
  const { call, run, runToEnd, clock, startMs } = createFunction();
  expect(await run(async () => call('read', 5).then(() => 'result'))).toEqual({ result: 'result', afterMs: 5 });
  await runToEnd();
  expect(clock.now() - startMs).toBe(5);
});

test('an invocation throws what its handler throws', async () => {
  const { run } = createFunction();
  const error = new Error('broken');
  const handle = () => duringInvocation(() => Promise.reject(error));
  expect(await run(handle)).toEqual({ error, afterMs: 0 });
});

test('an invocation ends at its timeout, and nothing of its handler runs afterwards', async () => {
  const { log, sleep, call, run, runToEnd } = createFunction();
  const ended = await run(async () => {
    try {
      await call('first', 900);
      log.push('after the first call');
      await Promise.all([call('second', 200), sleep(150).then(() => log.push('after the sleep'))]);
      log.push('after the second call');
    } catch {
      log.push('caught');
    } finally {
      log.push('finally');
    }
  });
  expect(ended?.error).toBeInstanceOf(FunctionTimedOut);
  expect(ended?.error).toMatchObject({ message: 'Task timed out after 1.00 seconds' });
  expect(ended?.afterMs).toBe(1000);
  await runToEnd();
  // The second call was sent before the timeout, so it is done, but the handler never learns it.
  expect(log).toEqual(['first done', 'after the first call', 'second done']);
});

test('a call that fails after the timeout is not reported', async () => {
  const { log, clock, run, runToEnd } = createFunction();
  await run(() =>
    duringInvocation(() => clock.sleep(2000).then(() => Promise.reject(new Error('late')))).finally(() =>
      log.push('returned'),
    ),
  );
  await runToEnd();
  expect(log).toEqual([]);
});

test('a frozen invocation makes no further calls and ends at its timeout', async () => {
  const sent = new Set<boolean>();
  for (let seed = 1; seed <= 10; seed++) {
    const { log, call, run, runToEnd } = createFunction(2, seed);
    const ended = await run(async () => {
      for (const name of ['first', 'second', 'third', 'fourth']) await call(name, 5);
    });
    expect(ended).toMatchObject({ error: { name: 'FunctionTimedOut' }, afterMs: 1000 });
    await runToEnd();
    expect(log.slice(0, 2)).toEqual(['first done', 'second done']);
    expect(log).not.toContain('fourth done');
    sent.add(log.includes('third done'));
  }
  // The call at which the process freezes is sent in some cases, and in others it is not.
  expect(sent).toEqual(new Set([true, false]));
});

test('a frozen invocation does not see the results of calls that were in progress', async () => {
  const { log, call, run } = createFunction(1);
  await run(() => Promise.all([call('slow', 50).then(() => log.push('after the slow call')), call('frozen', 5)]));
  expect(log).toContain('slow done');
  expect(log).not.toContain('after the slow call');
});

test('a call outside of an invocation is made as it is', async () => {
  expect(await duringInvocation(async () => 7)).toBe(7);
});
