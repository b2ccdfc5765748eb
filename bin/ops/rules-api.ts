import type * as z from 'zod/mini';
import type { RulesView, UnreadableRulesView } from '../../lambdas/catalog/rules-view.ts';
import type { ApiResponse } from '../../tools/document-publisher.ts';
import { UserError } from '../../tools/user-error.ts';
import { createApiClient } from './api-client.ts';
import { describeFieldErrors, describeProblem } from './problem.ts';
import type { Target } from './target.ts';

/** The maximum that the API accepts in a path. */
export const MAX_VERSION = 9_999_999_999;

export type { PriceRule, Range } from '../../lambdas/catalog/price-rules.ts';

/** A version of the price rules that this release of the API knows. */
export type Rules = z.infer<typeof RulesView>;
export type UnreadableRules = z.infer<typeof UnreadableRulesView>;

export type CatalogRequest = <T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: object) => Promise<T>;

/** Returns a client for the routes of the price rules. A rejection is thrown with all faults that it names. */
export async function createCatalogClient(target: Target): Promise<CatalogRequest> {
  const send = await createApiClient(target);
  return async <T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<T> => {
    const response = await send(method, path, body === undefined ? undefined : JSON.stringify(body));
    if (response.status === 200) return JSON.parse(response.text) as T;
    throw toUserError(response);
  };
}

/** Returns the version that is valid now, or an earlier one. A later release may have written either. */
export const readRules = (request: CatalogRequest, version?: number): Promise<Rules | UnreadableRules> =>
  request('GET', version === undefined ? '/catalog/rules' : `/catalog/rules/versions/${version}`);

/** Returns the rules of an earlier version. Throws if the release of the API does not know them. */
export async function readKnownRules(request: CatalogRequest, version: number): Promise<Rules> {
  const rules = await readRules(request, version);
  if (!('errors' in rules)) return rules;
  throw new UserError(
    `Version ${version} has rules that this release does not know, so it cannot be valid:${describeFieldErrors(rules.errors)}`,
    'Nothing was changed. Choose another version (npm run ops -- rules history), or deploy the release that knows them.',
  );
}

export function toUserError({ url, status, text }: ApiResponse): UserError {
  if (status < 400 || status >= 500)
    return new UserError(`${url} returned ${status}: ${text}`, 'npm run ops -- logs tail catalog-api --since 5m');
  const { message, code } = describeProblem(text);
  return new UserError(message, remedyOf(code));
}

function remedyOf(code: string | undefined): string {
  switch (code) {
    case 'invalid_request':
      return 'Nothing was changed. Correct the file and run the command again.';
    case 'rules_version_not_found':
      return 'npm run ops -- rules history';
    case 'rules_changed':
      return 'Nothing was changed. npm run ops -- rules show';
    default:
      return 'Nothing was changed.';
  }
}
