import * as z from 'zod/mini';
import { OrderDocument } from '../../events/documents/order-document.ts';
import { OrderUid } from '../../events/documents/order-uid.ts';
import { cacheHeader, toCacheHeaders } from '../shared/cache/x-cache.ts';
import { HttpResponse, RawJson, route } from '../shared/http/route.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { DocumentsApiDeps } from './deps.ts';

export const showDocument = route(
  {
    params: z.strictObject({ order_uid: OrderUid }),
    returns: OrderDocument,
    otherResponses: { 202: z.object({ status: z.literal('lookup_queued'), order_uid: OrderUid }) },
    headers: [cacheHeader],
  },
  async ({ params: { order_uid }, correlationId }, { find }: DocumentsApiDeps) => {
    const result = await find(order_uid, correlationId);
    if (result === 'not_found') throw new Rejected('document_not_found', `There is no document ${order_uid}.`, 404);
    if (result === 'lookup_queued') return new HttpResponse({ status: result, order_uid }, {}, 202);
    return new HttpResponse(new RawJson(result.document), toCacheHeaders(result.status));
  },
);
