import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { ShownRulesView, toShownRulesView } from './rules-view.ts';

export const showRules = route({ returns: ShownRulesView }, async (_, { rules }: CatalogApiDeps) =>
  toShownRulesView(await rules.current()),
);
