import { consume } from '../shared/messaging/consume.ts';
import { fanOutDeps } from './deps.ts';
import { fanOut } from './fan-out.ts';
import { sourceEvents } from './order-event.ts';

export const handler = consume(sourceEvents, fanOutDeps, fanOut);
