import { UserError } from '../user-error.ts';
import { camel, kebab, sentence } from './names.ts';
import type { SourceChanges } from './source-changes.ts';

/**
 * A method and a path with at least one parameter, because the templates parse the parameters and test their errors.
 */
const ROUTE_KEY = /^(GET|POST|PUT|DELETE) (\/[a-z][a-z-]*)*\/\{[a-z_]+\}(\/[a-z][a-z-]*|\/\{[a-z_]+\})*$/;

/** Adds a route to the API of a context: its use case, its entries in the route table and the API, and its test. */
export function addRoute(changes: SourceChanges, context: string, name: string, requestedKey?: string): string[] {
  const operation = camel(name);
  const routes = `lambdas/${context}/routes.ts`;
  if (!changes.exists(routes))
    throw new UserError(`The context ${context} has no API.`, 'Add routes.ts and api.ts first, as in lambdas/catalog.');
  const routeKey = requestedKey ?? `POST /${context}/{id}/${kebab(name)}`;
  if (!ROUTE_KEY.test(routeKey))
    throw new UserError(
      `"${routeKey}" is not a method and a path with a parameter.`,
      'A valid example is "POST /orders/{id}/archive".',
    );
  if (changes.read(routes).includes(`'${routeKey}'`))
    throw new UserError(`${routes} has ${routeKey} already.`, 'Choose another path.');

  const parameters = [...routeKey.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
  const fields = (value: string) => parameters.map((parameter) => `${parameter}: ${value}`).join(', ');
  changes.createFromTemplates('route', {
    context,
    route: operation,
    'route-file': kebab(name),
    routeKey,
    parameters: fields('Id'),
    validValues: fields("'a1'"),
    invalidValues: fields("'a#1'"),
  });
  changes.insertBefore(routes, /\n\} as const;/, `\n  ${operation}: '${routeKey}',`);
  addSummaries(changes, { [operation]: sentence(name) });
  const api = `lambdas/${context}/api.ts`;
  changes.addImports(api, `import { ${operation} } from './${kebab(name)}.ts';`);
  // The table of use cases stands in the call of createApi, or in a constant before it.
  changes.insertBefore(api, /(?<=(createApi\(\s*\w+,|const routes =)\s*\{[^}]*?),?\s*\}/, `, ${operation}`);
  return [
    `Replace what lambdas/${context}/${kebab(name)}.ts returns by the use case: read and write through the store in its dependencies.`,
    'A route that changes something takes `identify(…)` of the request, so that an Idempotency-Key returns the first response again.',
  ];
}

/** Adds the summaries of operations to the texts of the OpenAPI document. */
export function addSummaries(changes: SourceChanges, summaries: Readonly<Record<string, string>>): void {
  for (const [operation, summary] of Object.entries(summaries))
    changes.insertBefore('bin/openapi-operations.ts', /\n\};\n$/, `\n  ${operation}: { summary: '${summary}' },`);
}
