import * as z from 'zod/mini';
import { set } from '../shared/env.ts';

export const PaymentsEnv = z.object({ PAYMENTS_TABLE: set });
