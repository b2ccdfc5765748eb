import { existsSync, readFileSync } from 'node:fs';
import type { Grant } from '../../tools/grants.ts';

/** A call that an engine has checked. The caller is the name of a role's session: for a function, its own name. */
export interface RecordedCall {
  readonly caller: string | null;
  readonly action: string;
  readonly resource: string;
  readonly refusal: string | null;
}

/** Reads the calls that the engines of this test run have checked. */
export function readCallLog(path: string | undefined): RecordedCall[] {
  if (!path || !existsSync(path)) throw new Error('No call was recorded. Run all tests together: npm test');
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((line) => withoutRandomName(JSON.parse(line) as RecordedCall));
}

/** The generated name of a secret: the stack on some engines, the logical id, and random characters. */
const SECRET = /:secret:(?:.*?-)?([A-Z]\w+[0-9A-F]{8})-.*$/;

/** Writes the resource of a call as `tools/template-values.ts` writes the grant. */
const withoutRandomName = (call: RecordedCall): RecordedCall => ({
  ...call,
  resource: call.resource.replace(SECRET, ':secret:$1-*'),
});

export const describeCall = ({ caller, action, resource, refusal }: RecordedCall): string =>
  `${caller ?? 'a caller without a session'} called ${action} on ${resource}: ${refusal}`;

/** Returns whether a grant covers a call. The grant of a folder of a bucket ends with a wildcard. */
const covers = (grant: Grant, { caller, action, resource }: RecordedCall): boolean =>
  grant.function === caller &&
  grant.action === action &&
  resource.startsWith(grant.resource.replace(/\*$/, '')) &&
  grant.resource.endsWith('*');

/** Returns the grants without those that a recorded call or Lambda itself uses. */
export function unusedGrants(
  grants: readonly Grant[],
  forLambda: readonly Grant[],
  calls: readonly RecordedCall[],
): string[] {
  const describe = ({ function: name, action, resource }: Grant): string => `${name} may ${action} on ${resource}`;
  const used = new Set([
    ...forLambda.map(describe),
    ...calls
      .filter(({ refusal }) => refusal === null)
      .map(({ caller, action, resource }) => describe({ function: String(caller), action, resource })),
  ]);
  const unused = grants.filter(
    (grant) => !used.has(describe(grant)) && !calls.some((call) => call.refusal === null && covers(grant, call)),
  );
  return [...new Set(unused.map(describe))].sort();
}
