import type { Construct } from 'constructs';
import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { OrderFound } from '../../events/documents/order-found.ts';
import { OrderLookupRequested } from '../../events/documents/order-lookup-requested.ts';
import { OrderNotFound } from '../../events/documents/order-not-found.ts';
import { DocumentsCacheEnv, DocumentsEnv } from '../../lambdas/documents/env.ts';
import { documentsRoutes } from '../../lambdas/documents/routes.ts';
import { newestCached } from '../../lambdas/documents/table.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import type { OutboxTable } from '../constructs/outbox-table.ts';

/** Order documents: stored, cached and looked up. The store side and the cache side communicate by events only. */
export class Documents extends Context {
  constructor(scope: Construct, config: StageConfig, documents: OutboxTable) {
    super(scope, 'Documents', { config, errorImpact: 'Order documents are not stored or not found' });
    const values = { DOCUMENTS_TABLE: documents.name };
    const store = { env: DocumentsEnv, values, access: [documents.allows('GetItem', 'PutItem')] };
    const cachedFor = { CACHED_FOR_S: String(config.documentsCachedForSeconds) };
    const cache = { env: DocumentsCacheEnv, values: { ...values, ...cachedFor } };

    new ContextApi(this, {
      routes: documentsRoutes,
      ...cache,
      access: [documents.allows('GetItem', 'BatchGetItem', 'PutItem'), documents.queries(newestCached)],
    });
    new EventConsumer(this, 'order-found', {
      on: [OrderFound, OrderNotFound],
      ...cache,
      access: [documents.allows('BatchGetItem', 'PutItem', 'UpdateItem')],
      errorImpact: 'Lookups of documents get no answer, or readers see an old version for minutes',
    });
    new EventConsumer(this, 'order-documents', {
      on: [OrderDocumentSubmitted],
      ...store,
      errorImpact: 'Submitted documents are not stored',
    });
    new EventConsumer(this, 'order-lookup', {
      on: [OrderLookupRequested],
      ...store,
      errorImpact: 'Documents that are not cached are not found',
    });
  }
}
