import type { DynamoDBStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { QueuePort } from '../../lambdas/shared/messaging/queue.ts';
import { type Chaos, noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import type { Clock } from '../../lambdas/shared/runtime/clock.ts';
import { newOutboxRecords, STREAM_RECORDS_PER_BATCH } from '../../lib/limits.ts';
import { type Faults, TABLES, type TableName } from './faults.ts';
import { duringInvocation, invoke } from './invocation.ts';
import { MemoryQueue } from './memory-queue.ts';
import { queueSettingsOf } from './queue-settings.ts';
import { SimulatedBus } from './simulated-bus.ts';
import { SimulatedStream } from './simulated-stream.ts';
import { SimulatedTable } from './simulated-table.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** What Lambda passes on from a queue or a stream, with the time that the function has. */
type Handler<Event, Result> = (event: Event, timeoutMs: number) => Promise<Result>;

/** The services of AWS that the application uses, in memory, under the limits of the stage `prod`. */
export class SimulatedServices {
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly bus: SimulatedBus;
  readonly tables: Readonly<Record<TableName, SimulatedTable>>;
  /** The clock of the handlers. A handler whose invocation has ended never wakes up again. */
  readonly handlerClock: Clock;
  readonly streams = new Map<TableName, SimulatedStream>();
  readonly queues: MemoryQueue[] = [];

  constructor(seed: number, faults: Faults) {
    const clock = virtualClock(seed);
    this.clock = clock;
    this.faults = faults;
    this.bus = new SimulatedBus({ clock, faults: () => faults });
    this.handlerClock = { ...clock, sleep: (ms) => duringInvocation(() => clock.sleep(ms)) };
    this.tables = Object.fromEntries(TABLES.map((name) => [name, this.#createTable(name)])) as Record<
      TableName,
      SimulatedTable
    >;
  }

  readonly chaos = async (): Promise<Chaos> => ({ ...noFaults, ...this.faults.chaos });

  /** Creates a queue with its DLQ, and the function that consumes it and uses it by its port. */
  addQueue(name: string, createHandler: (queue: QueuePort) => Handler<SQSEvent, SQSBatchResponse>): MemoryQueue {
    const settings = queueSettingsOf(name);
    const queue: MemoryQueue = new MemoryQueue(this.clock, {
      ...settings,
      faults: () => this.faults,
      consumer: (event) => this.#invokeByMapping(name, settings.timeoutMs, (timeoutMs) => handle(event, timeoutMs)),
    });
    const handle = createHandler(this.#portOf(name, queue));
    this.queues.push(queue);
    return queue;
  }

  /** Invokes a function with the new outbox records of a table. */
  addStream(table: TableName, timeoutMs: number, handle: Handler<DynamoDBStreamEvent, void>): void {
    const stream = new SimulatedStream({
      clock: this.clock,
      filter: newOutboxRecords,
      batchSize: STREAM_RECORDS_PER_BATCH,
      handle: (event) => this.#invokeByMapping(table, timeoutMs, () => handle(event, timeoutMs)),
    });
    this.streams.set(table, stream);
  }

  /** Calls a queue as a handler does: the call takes time and may fail. */
  callQueue<T>(name: string, call: () => Promise<T>): Promise<T> {
    return duringInvocation(async () => {
      await this.clock.sleep(1);
      if (this.faults.queueFails?.(name, this.clock.now())) throw new Error(`the queue ${name} is unavailable`);
      return call();
    });
  }

  /** True if nothing is stored, sent or processed that has an effect later. */
  get isSettled(): boolean {
    return [...Object.values(this.tables), ...this.streams.values(), ...this.queues].every(({ isIdle }) => isIdle);
  }

  #createTable(name: TableName): SimulatedTable {
    return new SimulatedTable({
      name,
      clock: this.clock,
      faults: () => this.faults,
      onChange: (change) => this.streams.get(name)?.add(change),
    });
  }

  #portOf(name: string, queue: MemoryQueue): QueuePort {
    const port: QueuePort = {
      requeue: (message) => this.callQueue(name, () => queue.requeue(message)),
      deadLetter: (body, details) => this.callQueue(name, () => queue.deadLetter(body, details)),
      changeVisibility: (changes) => this.callQueue(name, () => queue.changeVisibility(changes)),
      withDeadline: () => port,
    };
    return port;
  }

  #invokeByMapping<T>(source: string, timeoutMs: number, handle: (timeoutMs: number) => Promise<T>): Promise<T> {
    const freezesAfterCalls = this.faults.freezesAfterCalls?.(source);
    return invoke({ clock: this.clock, timeoutMs, freezesAfterCalls }, () => handle(timeoutMs));
  }
}
