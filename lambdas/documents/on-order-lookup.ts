import { OrderLookupRequested } from '../../events/documents/order-lookup-requested.ts';
import { consume } from '../shared/messaging/consume.ts';
import { recordsDeps } from './deps.ts';

export const handler = consume([OrderLookupRequested], recordsDeps, (event, { records }) =>
  records.answerLookup(event),
);
