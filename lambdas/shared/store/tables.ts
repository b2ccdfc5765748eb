import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { transactionConflictRate } from '../runtime/chaos.ts';
import { clientSettings } from '../runtime/client-settings.ts';
import { type Deadline, systemClock } from '../runtime/clock.ts';
import { type UnitOfWork, unitOfWork } from './commit.ts';
import { createDynamoScanner } from './dynamo-scanner.ts';
import { createDynamoStore, marshallOptions } from './dynamo-store.ts';
import type { Scanner } from './scanner.ts';
import { type ReadableTable, type Store, withConflicts } from './store.ts';

/** What a context's stores are created from: its table and a clock. A simulation passes its own. */
export type TablePorts = Pick<UnitOfWork, 'store' | 'clock'>;

/**
 * Returns the factory of a context's dependencies. It takes the table and the clock once, and a deadline for each call.
 * Contexts call it inside a function: esbuild would keep a call at the top level, with its stores, in every bundle.
 */
export const depsFactory =
  <Deps>(createDeps: (work: UnitOfWork) => Deps) =>
  (ports: TablePorts) =>
  (deadline: Deadline): Deps =>
    createDeps(unitOfWork(ports, deadline));

let client: DynamoDBDocumentClient | undefined;

/** Returns the client of this execution environment. It is created at its first use. */
const documentClient = (): DynamoDBDocumentClient => {
  client ??= DynamoDBDocumentClient.from(new DynamoDBClient(clientSettings), { marshallOptions });
  return client;
};

/** Opens another context's table for the few reads that cross contexts. */
export const tableReader = (table: string): ReadableTable => createDynamoStore(documentClient(), table);

/** Opens another context's table for an export, which reads all of it. */
export const tableScanner = (table: string): Scanner => createDynamoScanner(documentClient(), table);

export const tableStore = (table: string): Store =>
  withConflicts(createDynamoStore(documentClient(), table), transactionConflictRate);

export const lambdaPorts = (table: string): TablePorts => ({ store: tableStore(table), clock: systemClock });
