import { TickPlanned } from '../../events/payments/tick-planned.ts';
import { consume } from '../shared/messaging/consume.ts';
import { programmeDeps } from './deps.ts';

export const handler = consume([TickPlanned], programmeDeps, (event, { programme }, context) =>
  programme.applyTick(event, context.receiveCountOf(event)),
);
