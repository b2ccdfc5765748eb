import { ProductChanged } from '../../events/catalog/product-changed.ts';
import { consume } from '../shared/messaging/consume.ts';
import { ticketsDeps } from './deps.ts';

export const handler = consume([ProductChanged], ticketsDeps, (event, { tickets }) => tickets.setCapacity(event));
