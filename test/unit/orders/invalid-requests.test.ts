import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Simulation } from '../../support/simulation.ts';

/** A value of JSON as text, so that a test can say what no object could: duplicate names, huge numbers, halves of letters. */
const awkwardText = fc.constantFrom(
  '1e400',
  '-1e400',
  '-0',
  '0',
  '-1',
  '1.5',
  '0.1',
  '1e-400',
  '9007199254740993',
  '1000000000001',
  '1e308',
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\\ufeff"',
  '"1"',
  '"1500"',
  '"__proto__"',
  '"a#b"',
  '"a/b"',
  '"a:b"',
  '"a%2Fb"',
  'null',
  'true',
  'false',
  '[]',
  '{}',
  '[1]',
  '[[]]',
  '{"":""}',
  '{"__proto__":1}',
  '{"constructor":{"prototype":{}}}',
  '{"toString":1}',
  `${'['.repeat(40)}${']'.repeat(40)}`,
  `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
  `"${'x'.repeat(2000)}"`,
);
const anyJson = fc.oneof(
  { weight: 3, arbitrary: awkwardText },
  { weight: 1, arbitrary: fc.json({ noUnicodeString: false }) },
);
const oddName = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  'Amount',
  'amount ',
  'ａmount',
  'user_id\\u0000',
  'USER_ID',
  'id',
  'status',
  'balance',
  '😀',
  'pk',
  'sk',
  'version',
  'order_id',
);

interface Door {
  readonly door: string;
  readonly right: Readonly<Record<string, string>>;
  /** For each field what is wrong there; a field that is optional may be left out rightly. */
  readonly wrong: Readonly<Record<string, fc.Arbitrary<string>>>;
  readonly needed: readonly string[];
}

const notText = fc.constantFrom('1', 'null', 'true', '[]', '{}', '1e400');
const wrongUser = fc.oneof(
  notText,
  fc.constantFrom(
    '""',
    '"a#b"',
    '"a/b"',
    '"a b"',
    '"a:b"',
    '".a"',
    '"\\u0000"',
    '"\\ud800"',
    '"é"',
    '"__proto__"',
    `"${'x'.repeat(65)}"`,
    '"a\\n"',
  ),
);
const wrongAmount = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '-1',
    '1.5',
    '0.1',
    '1e-400',
    '1e400',
    '-1e400',
    '1e308',
    '1000000000001',
    '9007199254740993',
    '"1"',
    '""',
    'null',
    'true',
    '[1]',
    '{}',
  ),
  fc.integer({ max: 0 }).map(String),
  fc.double({ noInteger: true, noDefaultInfinity: true, noNaN: true }).map((one) => JSON.stringify(one)),
);
const wrongDescription = fc.oneof(
  notText,
  fc.constantFrom(`"${'x'.repeat(501)}"`, '"\\ud800"', '"\\udc00\\ud800"', '"\\ufffe"', '"a\\uffffb"'),
);
const wrongMetadata = fc.constantFrom(
  '1',
  'null',
  '"a"',
  '[]',
  '["a"]',
  '{"a":1}',
  '{"a":null}',
  '{"a":{"b":"c"}}',
  '{"a":["b"]}',
  '{"":"a"}',
  '{"__proto__":"x"}',
  '{"__proto__":{"a":"b"}}',
  '{"\\u005f_proto__":"x"}',
  '{"a":"\\ud800"}',
  '{"\\ud800":"a"}',
  `{"a":"${'x'.repeat(2048)}"}`,
  JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, 'v']))),
);

const doors: readonly Door[] = [
  {
    door: 'POST /orders',
    right: { user_id: '"alice"', amount: '10', description: '"Gift"', metadata: '{"a":"b"}' },
    wrong: { user_id: wrongUser, amount: wrongAmount, description: wrongDescription, metadata: wrongMetadata },
    needed: ['user_id', 'amount'],
  },
  {
    door: 'POST /payments/accounts/deposit',
    right: { user_id: '"alice"', amount: '10' },
    wrong: { user_id: wrongUser, amount: wrongAmount },
    needed: ['user_id', 'amount'],
  },
  { door: 'POST /payments/accounts', right: { user_id: '"bob"' }, wrong: { user_id: wrongUser }, needed: ['user_id'] },
];

const textOf = (fields: readonly (readonly [string, string])[]) =>
  `{${fields.map(([name, value]) => `"${name}":${value}`).join(',')}}`;

/** Bodies of which each is wrong for this door, in one way or more. */
function wrongBodies({ right, wrong, needed }: Door): fc.Arbitrary<string> {
  const names = Object.keys(right);
  const faulty = fc
    .constantFrom(...names)
    .chain((name) =>
      (wrong[name] as fc.Arbitrary<string>).map((value) => textOf(Object.entries({ ...right, [name]: value }))),
    );
  const allFaulty = fc
    .tuple(...names.map((name) => wrong[name] as fc.Arbitrary<string>))
    .map((values) => textOf(names.map((name, at) => [name, values[at] as string] as const)));
  const lacking = fc
    .constantFrom(...needed)
    .map((name) => textOf(Object.entries(right).filter(([one]) => one !== name)));
  const withMore = fc.tuple(oddName, anyJson).map((odd) => textOf([...Object.entries(right), odd]));
  const lastWins = fc
    .constantFrom(...names)
    .chain((name) =>
      (wrong[name] as fc.Arbitrary<string>).map((value) => textOf([...Object.entries(right), [name, value] as const])),
    );
  const notAnObject = anyJson.filter((text) => !text.startsWith('{'));
  const anObject = fc.dictionary(fc.string(), fc.jsonValue()).map((body) => JSON.stringify(body));
  const whole = textOf(Object.entries(right));
  const broken = fc.oneof(
    fc.integer({ min: 0, max: whole.length - 1 }).map((length) => whole.slice(0, length)),
    fc.constantFrom(
      `${whole},`,
      `${whole}${whole}`,
      `[${whole}]`,
      `'${whole}'`,
      whole.replaceAll('"', "'"),
      `\u0000${whole}`,
      `${whole}\u0000`,
      JSON.stringify(whole),
    ),
  );
  return fc.oneof(
    faulty,
    allFaulty,
    lacking,
    withMore,
    lastWins,
    notAnObject,
    anObject,
    broken,
    fc.string({ unit: 'binary' }),
  );
}

describe.each(doors)('whatever wrong body comes to $door', (door) => {
  test('it is refused as a problem with a 4xx, and nothing is written', async () => {
    const world = new Simulation();
    await world.runUntilDone(world.request('POST /payments/accounts', { body: { user_id: 'alice' } }));
    await world.runUntilDone(
      world.request('POST /payments/accounts/deposit', { body: { user_id: 'alice', amount: 5 } }),
    );
    const before = [...world.orders.all(), ...world.payments.all()];
    await fc.assert(
      fc.asyncProperty(wrongBodies(door), fc.option(fc.string({ unit: 'binary' })), async (body, key) => {
        const headers = key === null ? {} : { 'Idempotency-Key': key };
        const {
          status,
          headers: replied,
          body: problem,
        } = await world.runUntilDone(world.request(door.door, { body, headers }));
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
        expect(replied['Content-Type']).toBe('application/problem+json');
        expect(problem).toMatchObject({
          title: expect.any(String),
          status,
          detail: expect.any(String),
          code: 'invalid_request',
        });
        const errors = problem['errors'] as { path: string; message: string }[];
        expect(errors.length).toBeGreaterThan(0);
        for (const { path, message } of errors) expect([typeof path, message.length > 0]).toEqual(['string', true]);
        expect([...world.orders.all(), ...world.payments.all()]).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  test('while the right one is taken, so that the refusals are for what is wrong', async () => {
    const world = new Simulation();
    await world.runUntilDone(world.request('POST /payments/accounts', { body: { user_id: 'alice' } }));
    const reply = await world.runUntilDone(world.request(door.door, { body: textOf(Object.entries(door.right)) }));
    expect(reply.status).toBeLessThan(300);
  });
});

test('metadata may have any name that a customer thinks of, and comes back as it was given', async () => {
  const world = new Simulation();
  const metadata = { constructor: 'a', toString: 'b', 'ключ 😀': 'c', ' ': '', 'a.b': '"', pk: 'x' };
  const placed = await world.runUntilDone(
    world.request('POST /orders', { body: { user_id: 'alice', amount: 1, metadata } }),
  );
  expect(placed).toMatchObject({ status: 201, body: { metadata } });
  const id = String(placed.body['id']);
  expect((await world.runUntilDone(world.request('GET /orders/{id}', { path: { id } }))).body['metadata']).toEqual(
    metadata,
  );
});
