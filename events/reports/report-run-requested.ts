import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { ReportId } from '../ids.ts';

/** A report needs a run of its worker: the first one, or another one after a run that has used its time. */
export const ReportRunRequested = defineEvent({
  source: 'reports',
  type: 'ReportRunRequested',
  version: 1,
  schema: z.object({ report_id: ReportId, run: z.int().check(z.gte(1)) }),
  identityOf: ({ report_id, run }) => `${report_id}:${run}`,
});
export type ReportRunRequested = z.infer<typeof ReportRunRequested.schema>;
