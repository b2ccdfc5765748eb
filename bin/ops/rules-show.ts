import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { createCatalogClient, MAX_VERSION, readRules } from './rules-api.ts';
import { formatRules } from './rules-format.ts';

export default defineCommand({
  positionals: { usage: '[version]', min: 0, max: 1 },
  details: 'With --json, the output without version and created_at is a file for rules set.',
  examples: ['rules show', 'rules show 3 --json'],
  run: async ({ positionals: [version], target, print }) => {
    const wanted = version === undefined ? undefined : parseWholeNumber(version, 'version', 1, MAX_VERSION);
    const rules = await readRules(await createCatalogClient(target), wanted);
    print.result(rules, () => formatRules(rules));
  },
});
