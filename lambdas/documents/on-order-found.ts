import { OrderFound } from '../../events/documents/order-found.ts';
import { OrderNotFound } from '../../events/documents/order-not-found.ts';
import { consume } from '../shared/messaging/consume.ts';
import { cacheDeps } from './deps.ts';

export const handler = consume([OrderFound, OrderNotFound], cacheDeps, (event, { cache }) => cache.applyAnswer(event));
