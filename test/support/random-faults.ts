import { type Faults, TABLES } from './faults.ts';

/**
 * Draws the faults of a simulation, for the time from `startMs` on. The rates are low enough that no message fails five
 * times by chance, because it would then be dead-lettered although it is not poison.
 */
export function drawFaults(random: () => number, startMs: number, durationMs: number): Faults {
  const between = (low: number, high: number) => low + random() * (high - low);
  const drawOutage = () => {
    const fromMs = startMs + between(0, durationMs / 2);
    const untilMs = fromMs + between(durationMs / 50, durationMs / 4);
    return (nowMs: number) => nowMs >= fromMs && nowMs < untilMs;
  };
  const [isTableOut, isBusOut] = [drawOutage(), drawOutage()];
  const outageTable = TABLES[Math.floor(between(0, TABLES.length))];
  const outageKind = random() < 0.7 ? 'hangs' : 'throttles';
  const [hangRate, repeatRate, throttleRate] = [between(0, 0.02), between(0, 0.02), between(0, 0.05)];
  const freezeRate = between(0, 0.04);
  const [busFailureRate, queueFailureRate] = [between(0, 0.1), between(0, 0.02)];
  return {
    readSpreadMs: between(1, 500),
    indexLagMs: between(0, 1000),
    duplicateRate: between(0, 0.3),
    // A lost acknowledgement of a requeued message leaves two messages. At a higher rate they would fill the queue,
    // while orders wait for a product.
    lostAckRate: between(0, 0.05),
    // Many invocations have few calls, so a process that freezes does so early in most cases.
    freezesAfterCalls: () => (random() < freezeRate ? Math.floor(20 * random() ** 3) : undefined),
    queueFails: () => random() < queueFailureRate,
    busFails: (_, nowMs) => isBusOut(nowMs) || random() < busFailureRate,
    tableFails: ({ table, nowMs }) => {
      if (table === outageTable && isTableOut(nowMs)) return outageKind;
      const draw = random();
      if (draw < hangRate) return 'hangs';
      if (draw < hangRate + repeatRate) return 'repeats';
      return draw < hangRate + repeatRate + throttleRate ? 'throttles' : undefined;
    },
    chaos: {
      transaction_conflict: between(0, 0.3),
      publish_failure: between(0, 0.2),
      duplicate: between(0, 0.2),
    },
  };
}
