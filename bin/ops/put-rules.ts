import { type CatalogRequest, type Rules, readRules } from './rules-api.ts';
import { describeMode } from './rules-format.ts';

/** Makes a set of rules the valid one. Returns its version, and whether it was not valid before. */
export async function putRules(request: CatalogRequest, set: object): Promise<{ rules: Rules; changed: boolean }> {
  const before = await readRules(request);
  const rules = await request<Rules>('PUT', '/catalog/rules', set);
  return { rules, changed: rules.version !== before.version };
}

export const describePut = ({ rules, changed }: { rules: Rules; changed: boolean }): string =>
  changed
    ? `Version ${rules.version} of the price rules is valid now: ${describeMode(rules)}.`
    : `Nothing was changed: version ${rules.version} of the price rules is valid, and it is the same.`;
