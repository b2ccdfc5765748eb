import type { APIGatewayProxyEvent } from 'aws-lambda';

/** What a path segment may consist of (RFC 3986). Anything else could end a link early in its header. */
const SEGMENT = /^[\w.~!$&'()*+,;=:@%-]+$/;

const segmentsOf = (path: string): string[] => path.split('/').filter(Boolean);

/**
 * Returns what the caller's path has before the resource: the stage at the execute-api address, the base path of a
 * mapping at a custom domain, or nothing at the root of one. Only the path of the request is used. A host is never
 * derived, because the caller can send any `Host`. A proxy that changes the path needs a configured base URL.
 */
export function linkPrefixOf({ resource, requestContext }: APIGatewayProxyEvent): string {
  const path = segmentsOf(requestContext.path ?? '');
  const template = segmentsOf(resource);
  const prefix = path.slice(0, Math.max(0, path.length - template.length));
  const isSameResource = template.every((part, index) => part.startsWith('{') || part === path[prefix.length + index]);
  const isSafe = prefix.every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..');
  return isSameResource && isSafe ? prefix.map((segment) => `/${segment}`).join('') : '';
}

/** Adds the base to links. Routes write them as paths from the root of the API. */
export function addLinkBase(headers: Readonly<Record<string, string>>, base: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (name === 'Location') return [name, base + value];
      if (name === 'Link') return [name, value.replace(/<(\/[^>]*)>/g, (_, path: string) => `<${base}${path}>`)];
      return [name, value];
    }),
  );
}
