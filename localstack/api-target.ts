import { findStack } from './cloudformation.ts';
import type { ApiTarget } from './gateway.ts';
import { authorizationFor, type Deployment } from './settings.ts';

type Resources = {
  item?: { path?: string }[];
  items?: { path?: string }[];
  _embedded?: { item?: { path?: string }[] };
};

/** Finds the deployed API and asks it for its paths, so that a new route needs no change here. */
export async function findApi(deployment: Deployment): Promise<ApiTarget> {
  const { endpoint } = deployment;
  const api = await readApiOutputs(deployment);
  const response = await fetch(`${endpoint}/restapis/${api.id}/resources?limit=500`, {
    headers: { authorization: authorizationFor('apigateway'), accept: 'application/json' },
  });
  if (!response.ok) throw new Error(`The engine does not list the resources of API ${api.id}: HTTP ${response.status}`);
  const body = (await response.json()) as Resources;
  const resources = body.item ?? body.items ?? body._embedded?.item ?? [];
  const paths = resources.map((resource) => resource.path ?? '/');
  return { endpoint, ...api, segments: firstSegments(paths), hasFallback: paths.includes('/{proxy+}') };
}

async function readApiOutputs(deployment: Deployment): Promise<{ id: string; stage: string }> {
  const name = `oncebox-${deployment.stage}-api`;
  const outputs = (await findStack(deployment.endpoint, name))?.Outputs ?? [];
  const readOutput = (key: string) => outputs.find((output) => output.OutputKey === key)?.OutputValue;
  const id = readOutput('ApiId');
  const stage = readOutput('ApiStage');
  if (!id || !stage) throw new Error(`Stack ${name} has no outputs ApiId and ApiStage.`);
  return { id, stage };
}

export function firstSegments(paths: readonly string[]): ReadonlySet<string> {
  const segments = paths.map((path) => path.split('/', 2)[1] ?? '');
  return new Set(segments.filter((segment) => segment !== '' && !segment.startsWith('{')));
}
