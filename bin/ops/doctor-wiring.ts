import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand, type Rule } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import { type Check, deployCommand } from './check.ts';
import { functionName, listMappings } from './event-source-mappings.ts';
import { countDeadLetters, listQueues, type WorkQueue } from './stage-queues.ts';
import { openTables } from './tables.ts';
import { readWebhooks } from './webhook-access.ts';

export const wiringChecks: readonly Check[] = [
  {
    title: 'Mappings',
    remedy: (target) =>
      `npm run ops -- consumers shows what is stopped; consumers start <queue> starts it. ${deployCommand(target)}`,
    run: async (target) => {
      const mappings = await listMappings(new LambdaClient({}), target);
      const notEnabled = mappings.filter(
        ({ State }) => State !== 'Enabled' && State !== 'Creating' && State !== 'Updating',
      );
      const sources = mappings.map(({ EventSourceArn = '' }) => EventSourceArn);
      const queues = await listQueues(createSqsClient(), target);
      const unconsumed = queues.filter(({ name }) => !sources.some((arn) => arn.endsWith(`:${target.name(name)}`)));
      return {
        summary: `${mappings.length} enabled`,
        problems: [
          ...notEnabled.map((mapping) => `the mapping of ${functionName(mapping, target)} is ${mapping.State}`),
          ...unconsumed.map(({ name }) => `queue ${name} has no consumer`),
          ...(sources.some((arn) => arn.includes(':dynamodb:')) ? [] : ['no table stream is mapped to the relay']),
        ],
      };
    },
  },
  {
    title: 'Rules',
    remedy: deployCommand,
    run: async (target) => {
      const client = new EventBridgeClient({});
      // Subscriptions are on the stage's bus. EventBridge allows schedules only on the default bus.
      const rules = [
        ...(await listRules(client, target.name(), '')),
        ...(await listRules(client, 'default', `${target.name()}-`)),
      ];
      // Balance updates cost money on AWS, so a stage may have them disabled.
      const isDisabledPlan = ({ Name, State }: Rule) =>
        Name === target.name('payments', 'plan-ticks') && State === 'DISABLED';
      const isDisabledForWebhooks = ({ Name, State }: Rule) =>
        Name?.startsWith(target.name('webhook-events')) === true && State === 'DISABLED';
      // The rules of webhooks are disabled while there is no webhook.
      const hasWebhooks =
        rules.some(isDisabledForWebhooks) && (await readWebhooks(openTables(target).webhooks)).length > 0;
      const expected = rules.filter((rule) => !isDisabledPlan(rule) && (hasWebhooks || !isDisabledForWebhooks(rule)));
      const problems = await Promise.all(expected.map((rule) => checkRule(client, rule)));
      return {
        summary: `${expected.length} enabled${rules.some(isDisabledPlan) ? ', balance updates are off' : ''}`,
        problems: expected.length === 0 ? ['there are no rules'] : problems.flat(),
      };
    },
  },
  {
    title: 'Queues',
    remedy: deployCommand,
    run: async (target) => {
      const sqs = createSqsClient();
      const queues = await listQueues(sqs, target);
      const problems = await Promise.all(queues.map((queue) => checkQueue(sqs, queue)));
      return { summary: `${queues.length}, each with its DLQ`, problems: problems.flat() };
    },
  },
  {
    title: 'DLQs',
    remedy: () =>
      'npm run ops -- dlq list shows the reasons; npm run ops -- dlq redrive <queue> --dry-run shows the effects.',
    run: async (target) => {
      const sqs = createSqsClient();
      const queues = await listQueues(sqs, target);
      const problems = await Promise.all(
        queues.map(async ({ dlqName, dlqUrl }) => {
          const count = dlqUrl === undefined ? 0 : await countDeadLetters(sqs, dlqUrl);
          return count === 0 ? [] : [`${count} in ${dlqName}`];
        }),
      );
      return { summary: 'empty', problems: problems.flat() };
    },
  },
];

async function listRules(client: EventBridgeClient, bus: string, prefix: string): Promise<Rule[]> {
  const rules: Rule[] = [];
  let token: string | undefined;
  do {
    const { Rules = [], NextToken } = await client.send(
      new ListRulesCommand({
        EventBusName: bus,
        ...(prefix ? { NamePrefix: prefix } : {}),
        ...(token ? { NextToken: token } : {}),
      }),
    );
    // Rules that AWS manages, for example the rule of an archive, are not checked.
    rules.push(...Rules.filter(({ ManagedBy }) => !ManagedBy));
    token = NextToken;
  } while (token);
  return rules;
}

async function checkRule(client: EventBridgeClient, { Name, EventBusName, State }: Rule): Promise<string[]> {
  if (State !== 'ENABLED') return [`${Name} is ${State}`];
  const { Targets = [] } = await client.send(
    new ListTargetsByRuleCommand({ Rule: Name, ...(EventBusName ? { EventBusName } : {}) }),
  );
  return Targets.length === 0 ? [`${Name} has no target`] : [];
}

async function checkQueue(sqs: SQSClient, { name, url, dlqName, dlqUrl }: WorkQueue): Promise<string[]> {
  if (!dlqUrl) return [`${name} has no DLQ`];
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['RedrivePolicy'] }),
  );
  const policy = JSON.parse(Attributes?.RedrivePolicy ?? '{}') as { deadLetterTargetArn?: string };
  return policy.deadLetterTargetArn?.endsWith(dlqName)
    ? []
    : [`the redrive policy of ${name} does not name ${dlqName}`];
}
