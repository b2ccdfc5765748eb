import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { configOf } from '../../lib/config.ts';
import type { Check } from './check.ts';
import { listMappings } from './event-source-mappings.ts';

/** Without a limit in its mapping, a queue may use as much concurrency as there is. */
interface QueueMapping {
  readonly EventSourceArn?: string | undefined;
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number | undefined } | undefined;
}

interface Concurrency {
  readonly mappings: readonly QueueMapping[];
  /** The quota of the account, without what other functions have reserved. */
  readonly available: number | undefined;
  readonly spare: number;
  /** Whether the settings of the stage limit its queues. */
  readonly isLimited: boolean;
}

/** Compares the concurrency that a stage may use with the quota of the account. */
export function compareConcurrency({ mappings, available, spare, isLimited }: Concurrency) {
  const queues = mappings.filter(({ EventSourceArn = '' }) => EventSourceArn.includes(':sqs:'));
  const unlimited = queues.filter(({ ScalingConfig }) => !ScalingConfig?.MaximumConcurrency);
  const ofQueues = queues.reduce((total, { ScalingConfig }) => total + (ScalingConfig?.MaximumConcurrency ?? 0), 0);
  const needed = ofQueues + spare;
  const need = `${needed} (${ofQueues} for ${queues.length} queues, ${spare} for requests, the relay and schedules)`;
  if (available === undefined) return { summary: '', problems: ['the quota of the account is unknown'] };
  return {
    summary: `the account allows ${available} concurrent executions, and the stage needs ${need}`,
    problems: [
      ...(needed <= available
        ? []
        : [`the account allows ${available} concurrent executions, the stage needs ${need}`]),
      ...(isLimited ? unlimited : []).map(
        ({ EventSourceArn }) => `the mapping of ${EventSourceArn?.split(':')[5]} has no limit`,
      ),
    ],
  };
}

export const concurrencyCheck: Check = {
  title: 'Concurrency',
  remedy: ({ stage }) =>
    'Raise the quota "Concurrent executions" of AWS Lambda in Service Quotas, or deploy with a lower concurrency: ' +
    `npx cdk deploy --all -c stage=${stage} -c consumerConcurrency=<number>. Until then, messages are delayed.`,
  run: async (target) => {
    const client = new LambdaClient({});
    const [mappings, { AccountLimit }] = await Promise.all([
      listMappings(client, target),
      client.send(new GetAccountSettingsCommand({})),
    ]);
    const { spareConcurrency: spare, consumerConcurrency } = configOf(target.stage);
    const available = AccountLimit?.UnreservedConcurrentExecutions;
    return compareConcurrency({ mappings, available, spare, isLimited: consumerConcurrency !== 'unlimited' });
  },
};
