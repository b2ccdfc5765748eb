import * as z from 'zod/mini';
import { limitOf, nextLink, pageQuery, parseCursor } from '../shared/http/paging.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { versionSortKey } from './rules-row.ts';
import { RulesView, toRulesView } from './rules-view.ts';

/** Shows the rules that are valid now. */
export const showRules = route({ returns: RulesView }, async (_, { rules }: CatalogApiDeps) =>
  toRulesView(await rules.current()),
);

const VersionParam = z.string().check(z.regex(/^[1-9][0-9]{0,9}$/, 'must be a version of the rules'));

export const showRulesVersion = route(
  { params: z.strictObject({ version: VersionParam }), returns: RulesView },
  async ({ params: { version } }, { rules }: CatalogApiDeps) => toRulesView(await rules.version(Number(version))),
);

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
    const below = parseCursor(query, z.string().check(z.regex(/^[0-9]{10}$/)));
    const versions = await rules.history({ limit, below });
    const views = versions.map(({ version, created_at, set }) => ({
      version,
      created_at,
      mode: set.mode,
      rules: set.rules.map(({ id }) => id),
    }));
    const last = versions.length === limit && versions.at(-1);
    return new HttpResponse(
      views,
      last ? nextLink('/catalog/rules/versions', {}, query, versionSortKey(last.version)) : {},
    );
  },
);
