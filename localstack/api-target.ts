import type { ApiTarget } from './gateway.ts';

type Resources = {
  item?: { path?: string }[];
  items?: { path?: string }[];
  _embedded?: { item?: { path?: string }[] };
};

// Unsigned, since both engines only read the service's name in it: one client package less.
const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/apigateway/aws4_request, SignedHeaders=host, Signature=0';

/** Asks the deployed API which paths are its own, so that a new route needs no word here. */
export async function apiTarget(endpoint: string, api: { id: string; stage: string }): Promise<ApiTarget> {
  const answer = await fetch(`${endpoint}/restapis/${api.id}/resources?limit=500`, {
    headers: { authorization: AUTHORIZATION, accept: 'application/json' },
  });
  if (!answer.ok) throw new Error(`The engine does not list the resources of API ${api.id}: HTTP ${answer.status}`);
  const body = (await answer.json()) as Resources;
  const resources = body.item ?? body.items ?? body._embedded?.item ?? [];
  const paths = resources.map((resource) => resource.path ?? '/');
  return { endpoint, ...api, segments: firstSegments(paths), hasFallback: paths.includes('/{proxy+}') };
}

export function firstSegments(paths: readonly string[]): ReadonlySet<string> {
  const segments = paths.map((path) => path.split('/', 2)[1] ?? '');
  return new Set(segments.filter((segment) => segment !== '' && !segment.startsWith('{')));
}
