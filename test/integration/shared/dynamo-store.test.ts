import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, inject } from 'vitest';
import { createDynamoScanner } from '../../../lambdas/shared/store/dynamo-scanner.ts';
import { createDynamoStore, marshallOptions } from '../../../lambdas/shared/store/dynamo-store.ts';
import { scannerContract } from '../../support/scanner-contract.ts';
import { contractIndex, storeContract } from '../../support/store-contract.ts';

const table = `contract-${randomUUID()}`;
const client = new DynamoDBClient({
  endpoint: inject('endpoint') ?? process.env['AWS_ENDPOINT_URL'],
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
const documents = DynamoDBDocumentClient.from(client, { marshallOptions });

beforeAll(async () => {
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: contractIndex.partitionKey, AttributeType: 'S' },
        { AttributeName: contractIndex.sortKey, AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: contractIndex.name,
          KeySchema: [
            { AttributeName: contractIndex.partitionKey, KeyType: 'HASH' },
            { AttributeName: contractIndex.sortKey, KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
});

afterAll(async () => {
  await client.send(new DeleteTableCommand({ TableName: table }));
});

storeContract('DynamoDB', () => createDynamoStore(documents, table));

scannerContract('DynamoDB', () => ({
  store: createDynamoStore(documents, table),
  scanner: createDynamoScanner(documents, table),
}));
