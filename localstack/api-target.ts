import { findStack } from './cloudformation.ts';
import { authorizationFor, type Deployment } from './settings.ts';

type Resources = {
  item?: { path?: string }[];
  items?: { path?: string }[];
  _embedded?: { item?: { path?: string }[] };
};

/** The address of the deployed API at the engine, and the first path segments of its routes. */
export type ApiTarget = Awaited<ReturnType<typeof findApi>>;

/** Finds the deployed API and asks it for its paths, so that a new route needs no change here. */
export async function findApi({ endpoint, stage: deployedStage }: Deployment) {
  const name = `oncebox-${deployedStage}-api`;
  const outputs = (await findStack(endpoint, name))?.Outputs ?? [];
  const readOutput = (key: string) => outputs.find((output) => output.OutputKey === key)?.OutputValue;
  const [id, stage] = [readOutput('ApiId'), readOutput('ApiStage')];
  if (!id || !stage) throw new Error(`Stack ${name} has no outputs ApiId and ApiStage.`);
  const response = await fetch(`${endpoint}/restapis/${id}/resources?limit=500`, {
    headers: { authorization: authorizationFor('apigateway'), accept: 'application/json' },
  });
  if (!response.ok) throw new Error(`The engine does not list the resources of API ${id}: HTTP ${response.status}`);
  const body = (await response.json()) as Resources;
  const resources = body.item ?? body.items ?? body._embedded?.item ?? [];
  const paths = resources.map((resource) => resource.path ?? '/');
  // With a fallback, the API responds to unknown paths too. It then refuses what is neither GET nor HEAD, instead of
  // the page.
  return { endpoint, id, stage, segments: firstSegments(paths), hasFallback: paths.includes('/{proxy+}') };
}

export function firstSegments(paths: readonly string[]): ReadonlySet<string> {
  const segments = paths.map((path) => path.split('/', 2)[1] ?? '');
  return new Set(segments.filter((segment) => segment !== '' && !segment.startsWith('{')));
}
