import type { APIGatewayProxyEvent } from 'aws-lambda';
import { HttpError, InvalidInput } from './problem.ts';
import { readBody } from './request.ts';
import type { Route } from './route.ts';

/**
 * Combines two routes that share a method and a path. A request goes to the route whose body schema has more of the
 * body's fields, so that the caller gets the errors of the body that was meant. If both have as many, `marker` decides:
 * a required field that only the alternative has.
 */
export function routeByBody<Deps>(standard: Route<Deps>, alternative: Route<Deps>, marker: string): Route<Deps> {
  const [usual, other] = [standard.contract, alternative.contract];
  return {
    contract: {
      ...usual,
      body: { oneOf: [usual.body, other.body].flatMap((body) => (body && !('oneOf' in body) ? [body] : [])) },
      otherResponses: { ...usual.otherResponses, [other.status ?? 200]: other.returns },
    },
    respond: (routeKey, event, correlationId, runtime) => {
      const fields = fieldsOf(event);
      const lead = knownFields(alternative, fields) - knownFields(standard, fields);
      const isAlternative = lead > 0 || (lead === 0 && fields.includes(marker));
      return (isAlternative ? alternative : standard).respond(routeKey, event, correlationId, runtime);
    },
  };
}

function knownFields<Deps>({ contract: { body } }: Route<Deps>, fields: readonly string[]): number {
  const shape = body && 'shape' in body ? (body.shape as Readonly<Record<string, unknown>>) : {};
  return fields.filter((name) => Object.hasOwn(shape, name)).length;
}

/** Returns the names of the body's fields. A body that is no JSON object has none; the chosen route reports why. */
function fieldsOf(event: APIGatewayProxyEvent): string[] {
  try {
    const value: unknown = JSON.parse(readBody(event));
    return typeof value === 'object' && value !== null ? Object.keys(value) : [];
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof InvalidInput || error instanceof HttpError)) throw error;
    return [];
  }
}
