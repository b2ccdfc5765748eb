import type * as z from 'zod/mini';
import type { ListedRulesView } from '../../lambdas/catalog/list-rules-versions.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { createCatalogClient } from './rules-api.ts';
import { formatTime } from './time.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 200;

type Version = z.infer<typeof ListedRulesView>;

export default defineCommand({
  options: {
    limit: {
      type: 'string',
      valueName: 'n',
      help: `how many versions, at most ${MAX_LIMIT} (default: ${DEFAULT_LIMIT})`,
    },
  },
  details: 'The newest version is first, and it is the valid one. rules show <version> shows one in full.',
  examples: ['rules history', 'rules history --limit 3'],
  run: async ({ values, target, print }) => {
    const limit = parseWholeNumber(values.limit, '--limit', DEFAULT_LIMIT, MAX_LIMIT);
    const request = await createCatalogClient(target);
    const versions = await request<Version[]>('GET', `/catalog/rules/versions?limit=${limit}`);
    print.result(versions, () => formatVersions(versions));
  },
});

export const formatVersions = (versions: readonly Version[]): string =>
  versions.length === 0
    ? 'There are no price rules yet.'
    : table(
        ['version', 'since', 'mode', 'rules'],
        versions.map((listed) => [
          listed.version,
          formatTime(listed.created_at ?? ''),
          ...('errors' in listed
            ? ['-', 'not known to this release']
            : [listed.mode, listed.rules.join(', ') || 'none']),
        ]),
      );
