import { describe, expect, test } from 'vitest';
import type { Row, Write } from '../../lambdas/shared/store/store.ts';
import { Simulation } from '../support/simulation.ts';
import { synthesized } from '../support/synthesized.ts';

type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Condition;
}

const toArray = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

/** Returns the policy of each role that may write the ledger. */
function writerPolicies(): Map<string, Statement[]> {
  const roles = synthesized('prod').resources.filter(({ Type }) => Type === 'AWS::IAM::Role');
  const policies = roles.map(({ id, Properties }) => {
    const inline = (Properties['Policies'] ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
    const statements = inline.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    return [
      id,
      statements.filter(({ Resource }) => JSON.stringify(Resource).includes('table/oncebox-prod-payments"')),
    ] as const;
  });
  const isWriter = (statements: readonly Statement[]) =>
    statements.some(({ Effect, Action }) => Effect === 'Allow' && toArray(Action).includes('dynamodb:PutItem'));
  return new Map(policies.filter(([, statements]) => isWriter(statements)));
}

/** Evaluates `ForAnyValue` on the attributes of a request. A negated operator compares with all of its values. */
function matches(condition: Condition, attributes: readonly string[]): boolean {
  return Object.entries(condition).every(([operator, keys]) => {
    const values = toArray(keys['dynamodb:Attributes'] ?? []);
    if (operator === 'ForAnyValue:StringEquals') return attributes.some((name) => values.includes(name));
    if (operator === 'ForAnyValue:StringNotEquals') return attributes.some((name) => !values.includes(name));
    throw new Error(`The condition ${operator} is unknown.`);
  });
}

function isAllowed(statements: readonly Statement[], action: string, attributes: readonly string[]): boolean {
  const applies = ({ Action, Condition }: Statement) =>
    toArray(Action).includes(action) && (!Condition || matches(Condition, attributes));
  const effects = statements.filter(applies).map(({ Effect }) => Effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

const isGranted = (statements: readonly Statement[], action: string): boolean =>
  statements.some(({ Effect, Action }) => Effect === 'Allow' && toArray(Action).includes(action));

/** Returns the attributes that DynamoDB takes from a write: those of the item, of the update, and of the condition. */
const attributesOf = (write: Write): string[] => [
  'pk',
  'sk',
  ...(write.op === 'put' ? Object.keys(write.row) : write.op === 'update' ? Object.keys(write.set) : []),
  ...('when' in write && write.when?.type === 'version' ? ['version'] : []),
];
const actionOf = ({ op }: Write): string => (op === 'put' ? 'dynamodb:PutItem' : 'dynamodb:UpdateItem');

/** Runs every kind of write to the ledger, and returns the writes. */
async function recordWrites(): Promise<Write[]> {
  const simulation = new Simulation(11);
  const recorded: Write[] = [];
  const { write } = simulation.payments;
  simulation.payments.write = (writes, token) => {
    recorded.push(...writes);
    return write(writes, token);
  };
  const request = (...args: Parameters<Simulation['request']>) => simulation.runUntilDone(simulation.request(...args));
  await request('POST /payments/accounts', { body: { user_id: 'alice' } });
  await request('POST /payments/accounts/deposit', {
    body: { user_id: 'alice', amount: 100 },
    headers: { 'Idempotency-Key': 'd' },
  });
  await request('POST /orders', { body: { user_id: 'alice', amount: 500 } });
  const { body } = await request('POST /orders', { body: { user_id: 'alice', amount: 60 } });
  await simulation.settle();
  await request('POST /orders/{id}/refund', { path: { id: String(body['id']) }, body: {} });
  await simulation.settle();
  await simulation.seedUsers(120);
  await simulation.tickFor(1, { chunksPerTick: 'all' });
  simulation.faults.chaos = { consumer_crash_before: 1 };
  await request('POST /orders', { body: { user_id: 'alice', amount: 1 } });
  await simulation.settle();
  return recorded;
}

describe('a role that writes the ledger', async () => {
  const policies = writerPolicies();
  const writes = await recordWrites();
  const rows = writes.flatMap((write): Row[] => (write.op === 'put' ? [write.row] : []));
  const expiring = rows.filter((row) => 'expires_at' in row);
  const permanent = rows.filter((row) => !('expires_at' in row));

  test('exists for each function of payments that writes', () => {
    expect([...policies.keys()].map((id) => id.replace(/Role.*/, ''))).toEqual(
      expect.arrayContaining([
        'PaymentsApiFunction',
        'PaymentsOnBalanceTicks',
        'PaymentsOnOrderPaymentsConsumer',
        'PaymentsOnOrderRefundsPaymentsConsumer',
      ]),
    );
  });

  test('may write everything that the handlers write by the actions that it has, also rows that expire', () => {
    expect(new Set(expiring.map(({ sk }) => sk.split('#')[0]))).toEqual(new Set(['OUTBOX', 'DEAD']));
    for (const [id, statements] of policies)
      for (const write of writes.filter((candidate) => isGranted(statements, actionOf(candidate))))
        expect(isAllowed(statements, actionOf(write), attributesOf(write)), id).toBe(true);
    for (const write of writes)
      expect([...policies.values()].some((statements) => isGranted(statements, actionOf(write)))).toBe(true);
  });

  test('may give no row of the ledger an expiry, neither when it is written nor later', () => {
    expect(new Set(permanent.map(({ sk }) => sk.split('#')[0]))).toEqual(
      new Set(['STATE', 'ENTRY', 'PAYMENT', 'REFUND', 'SEED', 'TICK']),
    );
    for (const [id, statements] of policies) {
      for (const row of permanent)
        expect(isAllowed(statements, 'dynamodb:PutItem', [...Object.keys(row), 'expires_at']), `${id} ${row.sk}`).toBe(
          false,
        );
      expect(isAllowed(statements, 'dynamodb:UpdateItem', ['pk', 'sk', 'expires_at']), id).toBe(false);
    }
  });
});
