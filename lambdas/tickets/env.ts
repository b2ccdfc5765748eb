import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const TicketsEnv = z.object({ TICKETS_TABLE: required });
