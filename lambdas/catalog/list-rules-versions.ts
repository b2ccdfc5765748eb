import * as z from 'zod/mini';
import { limitOf, nextLink, pageQuery, parseCursor } from '../shared/http/paging.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { type RulesVersion, versionSortKey } from './rules-row.ts';
import { RulesView } from './rules-view.ts';

/** The sort value of this list: the version with ten digits. */
const SortKey = z.string().check(z.regex(/^[0-9]{10}$/));

const VersionView = z.object({
  version: z.int(),
  created_at: z.optional(z.iso.datetime()),
  mode: RulesView.shape.mode,
  rules: z.array(z.string()).check(z.describe('The ids of the rules.')),
});

export const listRulesVersions = route(
  { query: z.strictObject(pageQuery), returns: z.array(VersionView) },
  async ({ query }, { rules }: CatalogApiDeps) => {
    const limit = limitOf(query);
    const versions = await rules.history({ limit, below: parseCursor(query, SortKey) });
    const last = versions.length === limit && versions.at(-1);
    const headers = last ? nextLink('/catalog/rules/versions', {}, query, versionSortKey(last.version)) : {};
    return new HttpResponse(versions.map(toVersionView), headers);
  },
);

const toVersionView = ({ version, created_at, set }: RulesVersion): z.infer<typeof VersionView> => ({
  version,
  created_at,
  mode: set.mode,
  rules: set.rules.map(({ id }) => id),
});
