import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import { TicketRejected } from '../../events/tickets/ticket-rejected.ts';
import { FanOutEnv, RotationEnv, SigningEnv, WebhooksApiEnv } from '../../lambdas/webhooks/env.ts';
import { webhooksRoutes } from '../../lambdas/webhooks/routes.ts';
import { nameOf, type StageConfig } from '../config.ts';
import { switchesRules } from '../constructs/access.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer, ruleNames } from '../constructs/event-consumer.ts';
import { GeneratedSecret } from '../constructs/generated-secret.ts';
import { alarm, createMetric, minutes } from '../constructs/monitoring.ts';
import type { OutboxTable } from '../constructs/outbox-table.ts';
import { type ConsumerProps, QueueConsumer } from '../constructs/queue-consumer.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import { WorkQueue } from '../constructs/work-queue.ts';
import { WEBHOOK_TIMEOUT_S } from '../limits.ts';

const EVENTS_QUEUE = 'webhook-events';
const ORDER_EVENTS = [
  OrderCreated,
  PaymentAuthorized,
  PaymentDeclined,
  PaymentRefunded,
  TicketIssued,
  TicketRejected,
] as const;
/**
 * Events wait before they are sent to webhooks. By then the order has usually reached the state that they tell of, and
 * its own steps do not compete with webhooks for the processors of a laptop.
 */
const EVENT_DELAY = Duration.seconds(2);
/** The check whether the key is old enough costs one read. */
const ROTATION_CHECK_MINUTES = 30;

/** Delivers order events to the receivers that have registered for them. */
export class Webhooks extends Context {
  constructor(scope: Construct, config: StageConfig, webhooks: OutboxTable) {
    super(scope, 'Webhooks', { config, errorImpact: 'Receivers of webhooks learn late of orders, or not at all' });
    const { allowsLoopback, cachedForMs, keysCachedForSeconds, rotateKeysAfterDays } = config.webhooks;
    const keys = new GeneratedSecret(this, 'Keys', {
      description: 'The key from which the secrets of the webhooks derive',
      rotatedBy: 'The job webhooks-rotate-keys',
    });
    const values = { WEBHOOKS_TABLE: webhooks.name };
    const signing = {
      env: SigningEnv,
      values: {
        ...values,
        WEBHOOK_KEYS_ARN: keys.arn,
        KEYS_CACHED_FOR_S: String(keysCachedForSeconds),
        LOOPBACK: allowsLoopback ? 'allowed' : 'refused',
      },
    };

    const rules = [...ruleNames(config, EVENTS_QUEUE, ORDER_EVENTS).values()];
    const rulesValues = { EVENT_BUS: nameOf(config), EVENT_RULES: rules.join(',') };

    new ContextApi(this, {
      routes: webhooksRoutes,
      env: WebhooksApiEnv,
      values: { ...signing.values, ...rulesValues },
      access: [
        webhooks.allows('GetItem', 'Query', 'PutItem'),
        webhooks.deletes,
        keys.reads,
        switchesRules(this, config, rules, 'EnableRule'),
      ],
    });
    const deliveries = this.createDeliveries({
      ...signing,
      access: [webhooks.allows('GetItem', 'UpdateItem'), keys.reads],
    });
    // CloudFormation enables the rules. They are disabled by the first event that finds no webhook.
    new EventConsumer(this, EVENTS_QUEUE, {
      on: ORDER_EVENTS,
      env: FanOutEnv,
      values: {
        ...values,
        ...rulesValues,
        DELIVERIES_QUEUE_URL: deliveries.queue.queueUrl,
        WEBHOOKS_CACHED_FOR_MS: String(cachedForMs),
      },
      access: [
        webhooks.allows('Query'),
        deliveries.sends,
        switchesRules(this, config, rules, 'EnableRule', 'DisableRule'),
      ],
      delay: EVENT_DELAY,
      errorImpact: 'Order events are not sent to webhooks',
    });
    new ScheduledJob(this, 'RotateKeys', {
      entry: 'webhooks/rotate-keys.ts',
      description: `Replaces the key of the webhooks after ${rotateKeysAfterDays} days`,
      everyMinutes: ROTATION_CHECK_MINUTES,
      env: RotationEnv,
      values: { WEBHOOK_KEYS_ARN: keys.arn, ROTATE_AFTER_DAYS: String(rotateKeysAfterDays) },
      access: [keys.rotates],
      errorImpact: 'The key that signs webhooks becomes older than intended',
    });
    this.createAlarms();
  }

  /** Creates the queue with a message for each event and webhook. It has no rule: `on-webhook-events` fills it. */
  private createDeliveries(consumer: Omit<ConsumerProps<typeof SigningEnv>, 'description'>): WorkQueue {
    const deliveries = new WorkQueue(this, 'WebhookDeliveries', {
      queue: 'webhook-deliveries',
      timeout: Duration.seconds(WEBHOOK_TIMEOUT_S),
      errorImpact: 'A receiver did not get an order event',
      retried: {
        name: 'webhooks-failing',
        metric: createMetric(this, 'WebhookFailingAge', { statistic: 'Maximum', period: minutes(15) }),
        above: Duration.hours(1).toSeconds(),
        // A failing webhook is tried every 16 minutes at most, so now and then a period has no attempt.
        periods: 2,
        datapoints: 1,
        errorImpact: 'A receiver gets no order events, because it fails',
        runbook: 'failing-webhooks',
      },
    });
    new QueueConsumer(this, 'OnWebhookDeliveries', deliveries, {
      description: 'Sends order events to webhooks',
      ...consumer,
    });
    return deliveries;
  }

  private createAlarms(): void {
    alarm(this, 'KeyRotated', {
      name: 'webhooks-key-rotated',
      // The runs of one hour report a new key, so this is one notification.
      metric: createMetric(this, 'WebhookKeyRotated', { period: minutes(60) }),
      errorImpact: 'Receivers of webhooks need their new secrets before the next rotation of the key',
      runbook: 'rotated-webhook-key',
      notifiesAlone: true,
    });
    alarm(this, 'Disabled', {
      name: 'webhooks-disabled',
      metric: createMetric(this, 'WebhooksDisabled'),
      errorImpact: 'A receiver gets no order events any more, because it has failed for three days',
      runbook: 'failing-webhooks',
    });
    alarm(this, 'WebhookErrors', {
      name: 'webhook-errors',
      metric: createMetric(this, 'WebhookErrors', { period: minutes(5) }),
      errorImpact: 'Order events cannot be sent to webhooks, for example because their key cannot be read',
      runbook: 'failing-webhooks',
    });
  }
}
