import * as z from 'zod/mini';
import { limitOf, nextLink, pageQuery, parseCursor } from '../shared/http/paging.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { type RulesVersion, type UnreadableRules, versionSortKey } from './rules-row.ts';
import { RulesView, UnreadableRulesView } from './rules-view.ts';

/** The sort value of this list: the version with ten digits. */
const SortKey = z.string().check(z.regex(/^[0-9]{10}$/));

const VersionView = z.object({
  version: RulesView.shape.version,
  created_at: RulesView.shape.created_at,
  mode: RulesView.shape.mode,
  rules: z.array(z.string()).check(z.describe('The ids of the rules.')),
});

/** A version in the list, whether or not this release knows its rules. */
export const ListedRulesView = z.union([VersionView, UnreadableRulesView]);

export const listRulesVersions = route(
  { query: z.strictObject(pageQuery), returns: z.array(ListedRulesView) },
  async ({ query }, { rules }: CatalogApiDeps) => {
    const limit = limitOf(query);
    const versions = await rules.history({ limit, below: parseCursor(query, SortKey) });
    const last = versions.length === limit && versions.at(-1);
    const headers = last ? nextLink('/catalog/rules/versions', {}, query, versionSortKey(last.version)) : {};
    return new HttpResponse(versions.map(toVersionView), headers);
  },
);

function toVersionView(rules: RulesVersion | UnreadableRules): z.infer<typeof ListedRulesView> {
  if (!('set' in rules)) return rules;
  const { version, created_at, set } = rules;
  return { version, created_at, mode: set.mode, rules: set.rules.map(({ id }) => id) };
}
