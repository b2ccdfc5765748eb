import { StockChanged } from '../../events/tickets/stock-changed.ts';
import { consume } from '../shared/messaging/consume.ts';
import { catalogDeps } from './deps.ts';

export const handler = consume([StockChanged], catalogDeps, (event, { products }) => products.setClaimed(event));
