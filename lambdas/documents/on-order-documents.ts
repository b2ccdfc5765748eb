import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { consume } from '../shared/messaging/consume.ts';
import { recordsDeps } from './deps.ts';

export const handler = consume([OrderDocumentSubmitted], recordsDeps, (event, { records }, context) =>
  records.ingest(event, context),
);
