import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, paginateDescribeStacks } from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DescribeTimeToLiveCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { UserError } from '../../tools/user-error.ts';
import { getFromApi } from './api-client.ts';
import { type Check, deployCommand } from './check.ts';
import { listTableNames } from './tables.ts';
import type { Target } from './target.ts';

const TTL_ATTRIBUTE = 'expires_at';
const COMPLETE = /^(CREATE|UPDATE|IMPORT)_COMPLETE$|^UPDATE_COMPLETE_CLEANUP_IN_PROGRESS$/;

export const stageChecks: readonly Check[] = [
  {
    title: 'Stacks',
    isRequired: true,
    remedy: deployCommand,
    run: async (target) => {
      const statuses = await readStackStatuses(target);
      if (statuses.size === 0) throw new UserError(`stage ${target.stage} is not deployed`, deployCommand(target));
      const missing = (await expectedStacks(target)).filter((name) => !statuses.has(name));
      const incomplete = [...statuses].filter(([, status]) => !COMPLETE.test(status));
      return {
        summary: `${statuses.size} complete`,
        problems: [
          ...(missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
          ...incomplete.map(([name, status]) => `${name} is ${status}`),
        ],
      };
    },
  },
  {
    title: 'Tables',
    remedy: deployCommand,
    run: async (target) => {
      const client = new DynamoDBClient({});
      const names = await listTableNames(client, target);
      const problems = await Promise.all(names.map((name) => checkTable(client, name)));
      return {
        summary: `${names.length} active, each with a stream and TTL`,
        problems: names.length === 0 ? ['there are no tables'] : problems.flat(),
      };
    },
  },
  {
    title: 'API',
    remedy: ({ onAws }) =>
      `npm run ops -- logs tail ops-api${onAws ? ' (your role needs the permission execute-api:Invoke)' : ''}`,
    run: async (target) => {
      const { url, status } = await getFromApi(target, '/healthz');
      const summary = `${url} returned ${status}`;
      return { summary, problems: status === 200 ? [] : [summary] };
    },
  },
];

async function readStackStatuses(target: Target): Promise<Map<string, string>> {
  const statuses = new Map<string, string>();
  for await (const { Stacks = [] } of paginateDescribeStacks({ client: new CloudFormationClient({}) }, {}))
    for (const { StackName = '', StackStatus = '' } of Stacks)
      if (StackName.startsWith(`${target.name()}-`) && StackStatus !== 'DELETE_COMPLETE')
        statuses.set(StackName, StackStatus);
  return statuses;
}

/** Lists the stacks of a whole stage: data, one per file in `lib/contexts`, api, and aws for what only AWS has. */
async function expectedStacks(target: Target): Promise<string[]> {
  const files = await readdir(join(import.meta.dirname, '..', '..', 'lib', 'contexts'));
  const contexts = files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length));
  return ['data', ...contexts, 'api', ...(target.onAws ? ['aws'] : [])].map((name) => target.name(name));
}

async function checkTable(client: DynamoDBClient, TableName: string): Promise<string[]> {
  const [{ Table }, { TimeToLiveDescription: ttl }] = await Promise.all([
    client.send(new DescribeTableCommand({ TableName })),
    client.send(new DescribeTimeToLiveCommand({ TableName })),
  ]);
  const problems: string[] = [];
  if (Table?.TableStatus !== 'ACTIVE') problems.push(`${TableName} is ${Table?.TableStatus}`);
  if (!Table?.StreamSpecification?.StreamEnabled)
    problems.push(`${TableName} has no stream, so its outbox records are not published`);
  if (ttl?.TimeToLiveStatus !== 'ENABLED' || ttl.AttributeName !== TTL_ATTRIBUTE)
    problems.push(`${TableName} has no TTL on ${TTL_ATTRIBUTE}, so its rows do not expire`);
  return problems;
}
