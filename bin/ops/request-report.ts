import type * as z from 'zod/mini';
import type { ReportRequest } from '../../lambdas/reports/report.ts';
import type { RequestedReport } from '../../lambdas/reports/request-report.ts';
import { createRandomId } from '../../lambdas/shared/runtime/ids.ts';
import { UserError } from '../../tools/user-error.ts';
import { createApiClient, parseResponse } from './api-client.ts';
import { describeProblem } from './problem.ts';
import type { Target } from './target.ts';

/** Requests a report and returns its id. The API rejects a request that is not valid, with all of its errors. */
export async function requestReport(target: Target, report: ReportRequest, key = createRandomId()): Promise<string> {
  const send = await createApiClient(target);
  const response = await send('POST', '/reports', JSON.stringify(report), { 'Idempotency-Key': key });
  if (response.status >= 400 && response.status < 500)
    throw new UserError(
      `The report was rejected: ${describeProblem(response.text).message}`,
      'npm run ops -- reports create --help',
    );
  return parseResponse<z.infer<typeof RequestedReport>>(response, 'reports-api', 202).id;
}
