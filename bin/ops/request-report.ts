import { createRandomId } from '../../lambdas/shared/runtime/ids.ts';
import { UserError } from '../../tools/user-error.ts';
import { createApiClient, parseResponse } from './api-client.ts';
import type { ShownReport } from './report-client.ts';
import type { Target } from './target.ts';

interface NewReport {
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly format: string;
}

/** Requests a report and returns its id. The API rejects a request that is not valid, with all of its errors. */
export async function requestReport(target: Target, report: NewReport, key = createRandomId()): Promise<string> {
  const send = await createApiClient(target);
  const response = await send('POST', '/reports', JSON.stringify(report), { 'Idempotency-Key': key });
  if (response.status >= 400 && response.status < 500)
    throw new UserError(`The report was rejected: ${detailOf(response.text)}`, 'npm run ops -- reports create --help');
  return parseResponse<ShownReport>(response, 'reports-api', 202).id;
}

/** Returns the detail of a problem document and the errors of its fields. */
function detailOf(text: string): string {
  const { detail = text, errors = [] } = JSON.parse(text) as {
    detail?: string;
    errors?: readonly { path: string; message: string }[];
  };
  return [detail, ...errors.map(({ path, message }) => `${path}: ${message}`)].join(' ');
}
