import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { RulesView, toRulesView } from './rules-view.ts';

export const showRules = route({ returns: RulesView }, async (_, { rules }: CatalogApiDeps) =>
  toRulesView(await rules.current()),
);
