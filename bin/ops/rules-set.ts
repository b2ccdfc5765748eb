import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { readJsonObject } from './json-file.ts';
import { describePut, putRules } from './put-rules.ts';
import { createCatalogClient, MAX_VERSION } from './rules-api.ts';

export default defineCommand({
  positionals: { usage: '<rules.json>', min: 1, max: 1 },
  options: {
    replaces: {
      type: 'string',
      valueName: 'version',
      help: 'reject the file if another version is valid by now',
    },
  },
  details:
    'The file holds {"mode": "first_match" | "combine", "rules": […]}; docs/openapi.json has its schema, and\n' +
    'lambdas/catalog/samples a sample. A file with faults is rejected with all of them, and the valid rules stay.\n' +
    'rules try shows the effect of a file before.',
  examples: ['rules set rules.json', 'rules set rules.json --replaces 3'],
  run: async ({ positionals: [file = ''], values, target, print }) => {
    const set = await readJsonObject(file);
    const replaces =
      values.replaces === undefined
        ? {}
        : { replaces: parseWholeNumber(values.replaces, '--replaces', 1, MAX_VERSION) };
    const result = await putRules(await createCatalogClient(target), { ...set, ...replaces });
    print.result({ ...result.rules, changed: result.changed }, () => describePut(result));
  },
});
