import * as z from 'zod/mini';
import { set } from '../shared/env.ts';

export const TicketsEnv = z.object({ TICKETS_TABLE: set });
