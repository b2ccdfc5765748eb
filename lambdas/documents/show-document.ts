import * as z from 'zod/mini';
import { OrderDocument } from '../../events/documents/order-document.ts';
import { OrderUid } from '../../events/documents/order-uid.ts';
import { Rejected } from '../shared/errors.ts';
import { Answer, JsonText, route } from '../shared/route.ts';
import type { DocumentsDoors } from './deps.ts';

export const showDocument = route(
  {
    params: z.strictObject({ order_uid: OrderUid }),
    returns: OrderDocument,
    also: { 202: z.object({ status: z.literal('lookup_queued'), order_uid: OrderUid }) },
    headers: ['X-Cache'],
  },
  async ({ params: { order_uid }, correlationId }, { find }: DocumentsDoors) => {
    const finding = await find(order_uid, correlationId);
    if (finding === 'unknown') throw new Rejected('document_not_found', `there is no document ${order_uid}`, 404);
    if (finding === 'asked') return new Answer({ status: 'lookup_queued' as const, order_uid }, {}, 202);
    return new Answer(new JsonText(finding.document), { 'X-Cache': finding.isHit ? 'hit' : 'miss' });
  },
);
