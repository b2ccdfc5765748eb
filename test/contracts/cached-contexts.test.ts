import { expect, test } from 'vitest';
import { CACHED_CONTEXTS } from '../../bin/ops/cache-clear.ts';
import { filesOf, importsOf } from '../support/source-tree.ts';

/** Returns the contexts that import this file of the cache. */
const contextsWith = (file: string): string[] => {
  const users = filesOf('lambdas/**/*.ts')
    .flatMap(importsOf)
    .filter(({ from, to }) => to === `lambdas/shared/cache/${file}` && !from.startsWith('lambdas/shared/'));
  return [...new Set(users.map(({ from }) => from.split('/')[1] ?? ''))].sort();
};

test('ops cache clear deletes the cache rows of each context that has some, and announces it where there is a feed', () => {
  const withFeed = contextsWith('environment.ts');
  const withRows = [...new Set([...withFeed, ...contextsWith('group-row.ts')])].sort();
  expect(CACHED_CONTEXTS.map(({ context }) => context).toSorted()).toEqual(withRows);
  expect(CACHED_CONTEXTS.filter(({ hasFeed }) => hasFeed).map(({ context }) => context)).toEqual(withFeed);
});
