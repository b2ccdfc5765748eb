import type { ApiResponse } from '../../tools/document-publisher.ts';
import { UserError } from '../../tools/user-error.ts';
import { createApiClient } from './api-client.ts';
import type { Target } from './target.ts';

/** The maximum that the API accepts in a path. */
export const MAX_VERSION = 9_999_999_999;

/** Bounds, a window of time or a tag, as they stand in the file of a rule set. */
interface Conditions {
  readonly stock?: Range;
  readonly time?: { readonly from?: string; readonly until?: string };
  readonly quantity?: Range;
  readonly cart_total?: Range;
  readonly customer_tag?: string;
}

export interface Range {
  readonly at_least?: number;
  readonly at_most?: number;
}

export interface Rule {
  readonly id: string;
  readonly description?: string;
  readonly skus?: readonly string[];
  readonly when?: Conditions;
  readonly effect: Readonly<Record<string, unknown>> & { readonly type: string };
}

/** A version of the price rules, as the API returns it. */
export interface Rules {
  readonly version: number;
  readonly created_at?: string;
  readonly mode: string;
  readonly rules: readonly Rule[];
}

interface Problem {
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

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

/** Returns the version that is valid now, or an earlier one. */
export const readRules = (request: CatalogRequest, version?: number): Promise<Rules> =>
  request('GET', version === undefined ? '/catalog/rules' : `/catalog/rules/versions/${version}`);

export function toUserError({ url, status, text }: ApiResponse): UserError {
  if (status < 400 || status >= 500)
    return new UserError(`${url} returned ${status}: ${text}`, 'npm run ops -- logs tail catalog-api --since 5m');
  const { detail = text, code, errors = [] } = JSON.parse(text) as Problem;
  const faults = errors.map(({ path, message }) => `\n    ${path}: ${message}`);
  return new UserError(`${detail}${faults.join('')}`, remedyOf(code));
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
