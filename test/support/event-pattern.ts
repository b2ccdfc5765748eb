/**
 * Returns whether a value matches a pattern of EventBridge, which event source mappings use as filters too. A field of
 * the pattern lists the accepted values, each as itself or as a prefix. Other operators are not simulated.
 */
export function matchesPattern(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.some((rule: unknown) => matchesRule(rule, value));
  if (!isObject(pattern)) throw new Error(`not a pattern: ${JSON.stringify(pattern)}`);
  return isObject(value) && Object.entries(pattern).every(([field, inner]) => matchesPattern(inner, value[field]));
}

function matchesRule(rule: unknown, value: unknown): boolean {
  if (!isObject(rule)) return rule === value;
  const { prefix, ...others } = rule;
  if (typeof prefix !== 'string' || Object.keys(others).length > 0)
    throw new Error(`the simulation has no operator for ${JSON.stringify(rule)}`);
  return typeof value === 'string' && value.startsWith(prefix);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
