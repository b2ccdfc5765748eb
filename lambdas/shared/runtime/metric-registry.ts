/** The CloudWatch namespace of all metrics that functions emit. */
export const METRICS_NAMESPACE = 'Oncebox';

interface MetricDefinition {
  readonly unit: 'Count' | 'Seconds';
  /**
   * `work` counts what the functions do, including what repeats by itself. `failure` is a loss, a defect or a delay
   * that somebody must look at: a test requires an alarm for it.
   */
  readonly kind: 'work' | 'failure';
  /** Set if the metric has the dimension `consumer` in addition to `stage` and `service`. */
  readonly perConsumer?: true;
  /** Set if other metrics show the same failure. It is the end of the names of the alarms on these. */
  readonly coveredBy?: string;
}

const work = { unit: 'Count', kind: 'work' } as const;
const failure = { unit: 'Count', kind: 'failure' } as const;

/**
 * Every metric that functions emit. Functions can emit no other, and alarms can watch no other of this namespace. Each
 * metric has the dimensions `stage` and `service`: CloudWatch finds a metric only by all of its dimensions.
 */
export const metricDefinitions = {
  EventsPublished: work,
  EventsParked: failure,
  ParkedEventAge: { unit: 'Seconds', kind: 'failure' },
  OutboxUnreadable: failure,
  MessagesProcessed: work,
  Duplicates: work,
  MessagesRetried: work,
  MessagesRequeued: work,
  RequeuedMessageAge: { unit: 'Seconds', kind: 'failure', perConsumer: true },
  // The depth of a DLQ also shows the messages that SQS itself has dead-lettered.
  MessagesDeadLettered: { unit: 'Count', kind: 'failure', coveredBy: '-dead-letters' },
  StaleUpdates: work,
  // A stuck order is nudged. It is a failure only if it waits nevertheless.
  StuckOrders: work,
  OrdersStuckForLong: failure,
  NudgesFailed: failure,
  MissingClaims: failure,
  TicksPlanned: work,
  TicksApplied: work,
  TicksMissed: failure,
  TicksDropped: failure,
  TickAccountsDeferred: work,
  Drift: failure,
  BucketsNotSynced: failure,
  ReportsFinished: work,
  ReportsFailed: failure,
  // A hit in memory and a hit in a row. A miss is served by a load, its own or one that the caller has waited for.
  CacheHit: work,
  CacheRowHit: work,
  CacheMiss: work,
  CacheLoad: work,
  CacheWait: work,
  CacheStale: work,
  WebhooksDelivered: work,
  WebhookAttemptsFailed: work,
  WebhookDeliveriesDeferred: work,
  WebhookFailingAge: { unit: 'Seconds', kind: 'failure' },
  WebhooksDisabled: failure,
  WebhookErrors: failure,
  // No defect, but somebody must give the receivers their new secrets.
  WebhookKeyRotated: failure,
  ChaosFailures: work,
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof metricDefinitions;

type MetricIn<Unit> = {
  [Name in MetricName]: (typeof metricDefinitions)[Name]['unit'] extends Unit ? Name : never;
}[MetricName];
export type CountMetric = MetricIn<'Count'>;
export type SecondsMetric = MetricIn<'Seconds'>;
