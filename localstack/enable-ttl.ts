import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStackResourceCommand } from '@aws-sdk/client-cloudformation';
import { DescribeTimeToLiveCommand, DynamoDBClient, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { clientOptions } from './settings.ts';

type Template = { Resources?: Record<string, { Type: string; Properties?: Record<string, unknown> }> };
type TtlTable = { stack: string; logicalId: string; attribute: string };

/**
 * Enables TTL on each table whose template has it enabled, because the embedded engine ignores
 * `TimeToLiveSpecification`.
 */
export async function enableTtl(endpoint: string, cdkOut: string): Promise<void> {
  const cloudFormation = new CloudFormationClient(clientOptions(endpoint));
  const dynamo = new DynamoDBClient(clientOptions(endpoint));
  for (const { stack, logicalId, attribute } of await readTtlTables(cdkOut)) {
    const input = { StackName: stack, LogicalResourceId: logicalId };
    const { StackResourceDetail } = await cloudFormation.send(new DescribeStackResourceCommand(input));
    const TableName = StackResourceDetail?.PhysicalResourceId;
    if (!TableName) throw new Error(`Stack ${stack} has no table ${logicalId}.`);
    const { TimeToLiveDescription: current } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName }));
    if (current?.TimeToLiveStatus === 'ENABLED' && current.AttributeName === attribute) continue;
    const TimeToLiveSpecification = { Enabled: true, AttributeName: attribute };
    await dynamo.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  }
}

async function readTtlTables(cdkOut: string): Promise<TtlTable[]> {
  const manifest = JSON.parse(await readFile(join(cdkOut, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { type: string; properties?: { templateFile?: string; stackName?: string } }>;
  };
  const tables: TtlTable[] = [];
  for (const [id, artifact] of Object.entries(manifest.artifacts)) {
    const file = artifact.properties?.templateFile;
    if (artifact.type !== 'aws:cloudformation:stack' || !file) continue;
    const template = JSON.parse(await readFile(join(cdkOut, file), 'utf8')) as Template;
    const stack = artifact.properties?.stackName ?? id;
    tables.push(...findTtlTables(template).map((table) => ({ stack, ...table })));
  }
  return tables;
}

export function findTtlTables(template: Template): { logicalId: string; attribute: string }[] {
  return Object.entries(template.Resources ?? {}).flatMap(([logicalId, { Type, Properties }]) => {
    if (Type !== 'AWS::DynamoDB::Table' && Type !== 'AWS::DynamoDB::GlobalTable') return [];
    const spec = Properties?.['TimeToLiveSpecification'] as { Enabled?: boolean; AttributeName?: string } | undefined;
    return spec?.Enabled && spec.AttributeName ? [{ logicalId, attribute: spec.AttributeName }] : [];
  });
}
