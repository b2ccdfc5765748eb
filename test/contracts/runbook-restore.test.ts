import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { textOf } from '../support/source-tree.ts';

/** The commands of the runbook that replace each table by a backup of its restored copy. */
const [script = ''] = [...textOf('docs/runbook.md').matchAll(/```sh\n([\s\S]*?)```/g)]
  .map(([, block = '']) => block)
  .filter((block) => block.includes('delete-table'));

/**
 * Replies like the AWS CLI: the second look at a backup or at a table that is being restored shows it as ready.
 * `FAILING` names a command that fails.
 */
const FAKE_AWS = `#!/bin/sh
echo "$*" >> "$CALLS"
seen() { [ "$(grep -c -- "$1" "$CALLS")" -gt 1 ]; }
[ "$2" = "$FAILING" ] && exit 254
case "$2" in
  create-backup) echo "arn:$4/$6" ;;
  describe-backup) if [ -n "$BACKUP_STATUS" ]; then echo "$BACKUP_STATUS"; elif seen "describe-backup --backup-arn $4 "; then echo AVAILABLE; else echo CREATING; fi ;;
  wait) [ "$3" != table-exists ] || seen "wait table-exists --table-name $5" ;;
  *) echo "$2 of $4" ;;
esac
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook-'));
  for (const [name, text] of [
    ['aws', FAKE_AWS],
    ['sleep', '#!/bin/sh\n'],
  ] as const) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(environment: Readonly<Record<string, string>> = {}) {
  const callsFile = join(folder, 'calls');
  writeFileSync(callsFile, '');
  const env = { PATH: `${folder}:/usr/bin:/bin`, CALLS: callsFile, FAILING: '', BACKUP_STATUS: '', ...environment };
  const { status, stdout } = spawnSync('bash', ['-c', script], { env, encoding: 'utf8', timeout: 20_000 });
  const calls = readFileSync(callsFile, 'utf8').trim().split('\n');
  return { status, stdout, calls, ran: (command: string) => calls.filter((call) => call.startsWith(command)) };
}

test('restores each table, after both of its backups have become available', () => {
  const { status, calls, ran } = run();
  expect(status).toBe(0);
  const tables = ['payments', 'orders', 'tickets', 'catalog', 'balances', 'documents'];
  expect(ran('dynamodb restore-table-from-backup')).toEqual(
    tables.map((table) => {
      const name = `oncebox-prod-${table}`;
      return `dynamodb restore-table-from-backup --target-table-name ${name} --backup-arn arn:${name}-restored/restored`;
    }),
  );
  for (const table of tables) {
    const name = `oncebox-prod-${table}`;
    const available = [`${name}/before-restore`, `${name}-restored/restored`].map((backup) =>
      calls.findLastIndex((call) => call.startsWith(`dynamodb describe-backup --backup-arn arn:${backup} `)),
    );
    const deleted = calls.findIndex((call) => call.startsWith(`dynamodb delete-table --table-name ${name}`));
    for (const index of available) {
      expect(index).toBeGreaterThan(-1);
      expect(index).toBeLessThan(deleted);
    }
  }
});

test('waits for the table before and after it is changed, and shows its stream, TTL and recovery at the end', () => {
  const { calls, stdout } = run();
  const of = (command: string) => calls.flatMap((call, index) => (call.startsWith(command) ? [index] : []));
  const waits = of('dynamodb wait table-exists --table-name oncebox-prod-orders');
  const changes = of('dynamodb update-table --table-name oncebox-prod-orders --stream-specification');
  expect(changes).toHaveLength(1);
  expect(waits.some((index) => index < (changes[0] ?? 0))).toBe(true);
  expect(waits.some((index) => index > (changes[0] ?? 0))).toBe(true);
  for (const part of ['describe-table', 'describe-time-to-live', 'describe-continuous-backups'])
    expect(stdout).toContain(`${part} of oncebox-prod-documents`);
});

test.each([
  ['a backup cannot be created', { FAILING: 'create-backup' }],
  ['a backup cannot be read', { FAILING: 'describe-backup' }],
  ['a backup was deleted', { BACKUP_STATUS: 'DELETED' }],
])('deletes no table if %s', (_case, environment) => {
  const { status, ran } = run(environment);
  expect(status).not.toBe(0);
  expect(ran('dynamodb delete-table')).toEqual([]);
});

test('stops at a table that cannot be restored, before it deletes the next one', () => {
  const { status, ran } = run({ FAILING: 'restore-table-from-backup' });
  expect(status).not.toBe(0);
  expect(ran('dynamodb delete-table')).toHaveLength(1);
});
