import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { describePut, putRules } from './put-rules.ts';
import { createCatalogClient, MAX_VERSION, readKnownRules, readRules } from './rules-api.ts';

export default defineCommand({
  positionals: { usage: '<version>', min: 1, max: 1 },
  details:
    'The rules of that version become a new version, so the history keeps what was valid meanwhile. Quotes that were\n' +
    'given stay valid until they expire.',
  examples: ['rules rollback 3'],
  run: async ({ positionals: [version = ''], target, print }) => {
    const request = await createCatalogClient(target);
    const { version: replaces } = await readRules(request);
    const { mode, rules } = await readKnownRules(request, parseWholeNumber(version, 'version', 1, MAX_VERSION));
    // A change between the two requests is not overwritten: the API then rejects the rollback.
    const result = await putRules(request, { mode, rules, replaces });
    print.result({ ...result.rules, changed: result.changed }, () => describePut(result));
  },
});
