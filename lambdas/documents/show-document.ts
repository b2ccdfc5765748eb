import * as z from 'zod/mini';
import { OrderDocument } from '../../events/documents/order-document.ts';
import { OrderUid } from '../../events/documents/order-uid.ts';
import { RawJson, Reply, route } from '../shared/http/route.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { DocumentsApiDeps } from './deps.ts';

export const showDocument = route(
  {
    params: z.strictObject({ order_uid: OrderUid }),
    returns: OrderDocument,
    otherReplies: { 202: z.object({ status: z.literal('lookup_queued'), order_uid: OrderUid }) },
    headers: ['X-Cache'],
  },
  async ({ params: { order_uid }, correlationId }, { find }: DocumentsApiDeps) => {
    const finding = await find(order_uid, correlationId);
    if (finding === 'unknown') throw new Rejected('document_not_found', `there is no document ${order_uid}`, 404);
    if (finding === 'asked') return new Reply({ status: 'lookup_queued' as const, order_uid }, {}, 202);
    return new Reply(new RawJson(finding.document), { 'X-Cache': finding.isHit ? 'hit' : 'miss' });
  },
);
