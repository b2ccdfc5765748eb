import type { Envelope } from '../../events/envelope.ts';
import type { Chaos } from '../../lambdas/shared/runtime/chaos-setting.ts';
import type { Store } from '../../lambdas/shared/store/store.ts';

export const TABLES = ['orders', 'payments', 'tickets', 'catalog', 'balances', 'documents', 'reports'] as const;
export type TableName = (typeof TABLES)[number];

export type TableOperation = Exclude<keyof Store, 'withDeadline'>;

/** A call of a table by a handler. */
interface TableCall {
  readonly table: TableName;
  readonly operation: TableOperation;
  readonly nowMs: number;
}

/**
 * A table that hangs sends no response. A table that throttles refuses the call, after the retries of the SDK. A call
 * that is repeated gets no response to its first attempt, and the SDK sends it a second time.
 */
export type TableFailure = 'hangs' | 'throttles' | 'repeats';

/** The faults of a simulation. Without them, everything works. docs/simulation.md describes each of them. */
export interface Faults {
  chaos?: Partial<Chaos>;
  /** Decides for each PutEvents call whether it fails as a whole. */
  busFails?: (call: number, nowMs: number) => boolean;
  /** Decides for each event whether the bus loses it. */
  loses?: (event: Envelope) => boolean;
  /** Decides for each call of a table whether and how it fails. */
  tableFails?: (call: TableCall) => TableFailure | undefined;
  /** The maximum time between the first and the last of the rows that one read returns, 1 ms by default. */
  readSpreadMs?: number;
  indexLagMs?: number;
  /** Decides for each call of a queue by a handler whether it fails. */
  queueFails?: (queue: string, nowMs: number) => boolean;
  /** The share of messages that are delivered twice, the second time within a second. */
  duplicateRate?: number;
  /** The share of acknowledgements that are lost. */
  lostAckRate?: number;
  /**
   * Decides for each invocation of a consumer or of the relay whether its process freezes, and after how many calls of
   * tables, queues, the bus and the clock. It is then ended at its timeout.
   */
  freezesAfterCalls?: (queueOrTable: string) => number | undefined;
}
