import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand, type Rule } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Check, deployCommand } from './check.ts';
import { functionOf, mappingsOf } from './event-source-mappings.ts';
import { countsOf, queuesOf, type WorkQueue } from './stage-queues.ts';

export const wiringChecks: readonly Check[] = [
  {
    title: 'Mappings',
    remedy: (target) =>
      `npm run ops -- consumers says who is stopped, consumers start <queue> starts them. ${deployCommand(target)}`,
    run: async (target) => {
      const mappings = await mappingsOf(new LambdaClient({}), target);
      const off = mappings.filter(({ State }) => State !== 'Enabled' && State !== 'Creating' && State !== 'Updating');
      const sources = mappings.map(({ EventSourceArn = '' }) => EventSourceArn);
      const queues = await queuesOf(new SQSClient({}), target);
      const idle = queues.filter(({ name }) => !sources.some((arn) => arn.endsWith(`:${target.name(name)}`)));
      return {
        summary: `${mappings.length} enabled`,
        problems: [
          ...off.map((one) => `${functionOf(one, target)} does not listen: its mapping is ${one.State}`),
          ...idle.map(({ name }) => `nobody works on queue ${name}`),
          ...(sources.some((arn) => arn.includes(':dynamodb:')) ? [] : ['no table feeds the relay']),
        ],
      };
    },
  },
  {
    title: 'Rules',
    remedy: deployCommand,
    run: async (target) => {
      const client = new EventBridgeClient({});
      // subscriptions are on the stage's bus, schedules can only be on the default one
      const rules = [
        ...(await rulesOn(client, target.name(), '')),
        ...(await rulesOn(client, 'default', `${target.name()}-`)),
      ];
      // bulk updates cost money on AWS: a stage may have them switched off
      const isOff = ({ Name, State }: Rule) => Name === target.name('payments', 'plan-ticks') && State === 'DISABLED';
      const on = rules.filter((rule) => !isOff(rule));
      const faults = await Promise.all(on.map((rule) => faultsOfRule(client, rule)));
      return {
        summary: `${on.length} enabled${rules.some(isOff) ? ', balance updates are off' : ''}`,
        problems: on.length === 0 ? ['there are none'] : faults.flat(),
      };
    },
  },
  {
    title: 'Queues',
    remedy: deployCommand,
    run: async (target) => {
      const sqs = new SQSClient({});
      const queues = await queuesOf(sqs, target);
      const faults = await Promise.all(queues.map((queue) => faultsOfQueue(sqs, queue)));
      return { summary: `${queues.length}, each with its DLQ`, problems: faults.flat() };
    },
  },
  {
    title: 'DLQs',
    remedy: () =>
      'npm run ops -- dlq list tells why; npm run ops -- dlq redrive <queue> --dry-run what would become of them.',
    run: async (target) => {
      const sqs = new SQSClient({});
      const queues = await queuesOf(sqs, target);
      const faults = await Promise.all(
        queues.map(async ({ dlqName, dlqUrl }) => {
          if (!dlqUrl) return [];
          const { waiting, in_flight, delayed } = await countsOf(sqs, dlqUrl);
          const dead = waiting + in_flight + delayed;
          return dead === 0 ? [] : [`${dead} in ${dlqName}`];
        }),
      );
      return { summary: 'empty', problems: faults.flat() };
    },
  },
];

async function rulesOn(client: EventBridgeClient, bus: string, prefix: string): Promise<Rule[]> {
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
    // rules that AWS itself keeps, an archive's for one, are not ours to judge
    rules.push(...Rules.filter(({ ManagedBy }) => !ManagedBy));
    token = NextToken;
  } while (token);
  return rules;
}

async function faultsOfRule(client: EventBridgeClient, { Name, EventBusName, State }: Rule): Promise<string[]> {
  if (State !== 'ENABLED') return [`${Name} is ${State}`];
  const { Targets = [] } = await client.send(
    new ListTargetsByRuleCommand({ Rule: Name, ...(EventBusName ? { EventBusName } : {}) }),
  );
  return Targets.length === 0 ? [`${Name} leads nowhere`] : [];
}

async function faultsOfQueue(sqs: SQSClient, { name, url, dlqName, dlqUrl }: WorkQueue): Promise<string[]> {
  if (!dlqUrl) return [`${name} has no DLQ`];
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['RedrivePolicy'] }),
  );
  const policy = JSON.parse(Attributes?.RedrivePolicy ?? '{}') as { deadLetterTargetArn?: string };
  return policy.deadLetterTargetArn?.endsWith(dlqName) ? [] : [`${name} does not lead to ${dlqName}`];
}
