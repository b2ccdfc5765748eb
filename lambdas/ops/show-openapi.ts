import * as z from 'zod/mini';
import document from '../../docs/openapi.json' with { type: 'json' };
import { route } from '../shared/http/route.ts';

export const showOpenApi = route(
  { returns: z.record(z.string(), z.unknown()) },
  async () => document as Record<string, unknown>,
);
