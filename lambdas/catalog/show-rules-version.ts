import * as z from 'zod/mini';
import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { ShownRulesView, toShownRulesView } from './rules-view.ts';

const VersionParam = z.string().check(z.regex(/^[1-9][0-9]{0,9}$/, 'must be a version of the rules'));

export const showRulesVersion = route(
  { params: z.strictObject({ version: VersionParam }), returns: ShownRulesView },
  async ({ params: { version } }, { rules }: CatalogApiDeps) => toShownRulesView(await rules.version(Number(version))),
);
