import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, paginateDescribeStacks } from '@aws-sdk/client-cloudformation';
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  paginateListTables,
} from '@aws-sdk/client-dynamodb';
import { UserError } from '../../tools/user-error.ts';
import { getFromApi } from './api-client.ts';
import { type Check, deployCommand } from './check.ts';
import type { Target } from './target.ts';

const TTL_ATTRIBUTE = 'expires_at';
const COMPLETE = /^(CREATE|UPDATE|IMPORT)_COMPLETE$|^UPDATE_COMPLETE_CLEANUP_IN_PROGRESS$/;

export const stageChecks: readonly Check[] = [
  {
    title: 'Stacks',
    isRequired: true,
    remedy: deployCommand,
    run: async (target) => {
      const found = await stacksOf(target);
      if (found.size === 0) throw new UserError(`stage ${target.stage} is not deployed`, deployCommand(target));
      const wanted = await expectedStacks(target);
      const missing = wanted.filter((name) => !found.has(name));
      const broken = [...found].filter(([, status]) => !COMPLETE.test(status));
      return {
        summary: `${found.size} complete`,
        problems: [
          ...(missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
          ...broken.map(([name, status]) => `${name} is ${status}`),
        ],
      };
    },
  },
  {
    title: 'Tables',
    remedy: deployCommand,
    run: async (target) => {
      const client = new DynamoDBClient({});
      const names = await tableNames(client, target);
      const faults = await Promise.all(names.map((name) => faultsOfTable(client, name)));
      return {
        summary: `${names.length} active, with streams and expiry`,
        problems: names.length === 0 ? ['there are none'] : faults.flat(),
      };
    },
  },
  {
    title: 'API',
    remedy: ({ onAws }) =>
      onAws
        ? 'npm run ops -- logs tail ops-api; your role needs execute-api:Invoke.'
        : 'npm run ops -- logs tail ops-api',
    run: async (target) => {
      const { url, status } = await getFromApi(target, '/healthz');
      return { summary: `${url} answers ${status}`, problems: status === 200 ? [] : [`${url} answers ${status}`] };
    },
  },
];

async function stacksOf(target: Target): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { Stacks = [] } of paginateDescribeStacks({ client: new CloudFormationClient({}) }, {}))
    for (const { StackName = '', StackStatus = '' } of Stacks)
      if (StackName.startsWith(`${target.name()}-`) && StackStatus !== 'DELETE_COMPLETE')
        found.set(StackName, StackStatus);
  return found;
}

/** A stack for what holds data, one for each context, the API, and what only AWS has: as the tree says. */
async function expectedStacks(target: Target): Promise<string[]> {
  const files = await readdir(join(import.meta.dirname, '..', '..', 'lib', 'contexts'));
  const contexts = files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length));
  return ['data', ...contexts, 'api', ...(target.onAws ? ['aws'] : [])].map((name) => target.name(name));
}

async function tableNames(client: DynamoDBClient, target: Target): Promise<string[]> {
  const names: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) names.push(...TableNames);
  return names.filter((name) => name.startsWith(`${target.name()}-`));
}

async function faultsOfTable(client: DynamoDBClient, TableName: string): Promise<string[]> {
  const [{ Table }, { TimeToLiveDescription: expiry }] = await Promise.all([
    client.send(new DescribeTableCommand({ TableName })),
    client.send(new DescribeTimeToLiveCommand({ TableName })),
  ]);
  const faults: string[] = [];
  if (Table?.TableStatus !== 'ACTIVE') faults.push(`${TableName} is ${Table?.TableStatus}`);
  if (!Table?.StreamSpecification?.StreamEnabled) faults.push(`${TableName} has no stream, so its outbox stands still`);
  const expires = expiry?.TimeToLiveStatus === 'ENABLED' && expiry.AttributeName === TTL_ATTRIBUTE;
  if (!expires) faults.push(`${TableName} does not expire rows by ${TTL_ATTRIBUTE}`);
  return faults;
}
