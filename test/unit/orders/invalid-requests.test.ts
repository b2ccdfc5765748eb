import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Simulation } from '../../support/simulation.ts';

/** JSON values as text, because no object can contain duplicate names, huge numbers or unpaired surrogates. */
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
const unusualName = fc.constantFrom(
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

interface RouteInput {
  readonly route: string;
  /** A valid JSON value for each field. */
  readonly valid: Readonly<Record<string, string>>;
  /** Invalid JSON values for each field. */
  readonly invalid: Readonly<Record<string, fc.Arbitrary<string>>>;
  /** The fields that must not be left out. */
  readonly required: readonly string[];
}

const notText = fc.constantFrom('1', 'null', 'true', '[]', '{}', '1e400');
const invalidUser = fc.oneof(
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
const invalidAmount = fc.oneof(
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
  fc.double({ noInteger: true, noDefaultInfinity: true, noNaN: true }).map((amount) => JSON.stringify(amount)),
);
const invalidDescription = fc.oneof(
  notText,
  fc.constantFrom(`"${'x'.repeat(501)}"`, '"\\ud800"', '"\\udc00\\ud800"', '"\\ufffe"', '"a\\uffffb"'),
);
const invalidMetadata = fc.constantFrom(
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
  JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v']))),
);

const routes: readonly RouteInput[] = [
  {
    route: 'POST /orders',
    valid: { user_id: '"alice"', amount: '10', description: '"Gift"', metadata: '{"a":"b"}' },
    invalid: {
      user_id: invalidUser,
      amount: invalidAmount,
      description: invalidDescription,
      metadata: invalidMetadata,
    },
    required: ['user_id', 'amount'],
  },
  {
    route: 'POST /payments/accounts/deposit',
    valid: { user_id: '"alice"', amount: '10' },
    invalid: { user_id: invalidUser, amount: invalidAmount },
    required: ['user_id', 'amount'],
  },
  {
    route: 'POST /payments/accounts',
    valid: { user_id: '"bob"' },
    invalid: { user_id: invalidUser },
    required: ['user_id'],
  },
];

const toJson = (fields: readonly (readonly [string, string])[]) =>
  `{${fields.map(([name, value]) => `"${name}":${value}`).join(',')}}`;

/** Generates bodies that are invalid for this route, each in at least one way. */
function invalidBodies({ valid, invalid, required }: RouteInput): fc.Arbitrary<string> {
  const names = Object.keys(valid);
  const oneInvalid = fc
    .constantFrom(...names)
    .chain((name) =>
      (invalid[name] as fc.Arbitrary<string>).map((value) => toJson(Object.entries({ ...valid, [name]: value }))),
    );
  const allInvalid = fc
    .tuple(...names.map((name) => invalid[name] as fc.Arbitrary<string>))
    .map((values) => toJson(names.map((name, index) => [name, values[index] as string] as const)));
  const missingField = fc
    .constantFrom(...required)
    .map((name) => toJson(Object.entries(valid).filter(([field]) => field !== name)));
  const extraField = fc.tuple(unusualName, anyJson).map((field) => toJson([...Object.entries(valid), field]));
  const duplicateField = fc
    .constantFrom(...names)
    .chain((name) =>
      (invalid[name] as fc.Arbitrary<string>).map((value) =>
        toJson([...Object.entries(valid), [name, value] as const]),
      ),
    );
  const notAnObject = anyJson.filter((text) => !text.startsWith('{'));
  const anyObject = fc.dictionary(fc.string(), fc.jsonValue()).map((body) => JSON.stringify(body));
  const complete = toJson(Object.entries(valid));
  const malformed = fc.oneof(
    fc.integer({ min: 0, max: complete.length - 1 }).map((length) => complete.slice(0, length)),
    fc.constantFrom(
      `${complete},`,
      `${complete}${complete}`,
      `[${complete}]`,
      `'${complete}'`,
      complete.replaceAll('"', "'"),
      `\u0000${complete}`,
      `${complete}\u0000`,
      JSON.stringify(complete),
    ),
  );
  return fc.oneof(
    oneInvalid,
    allInvalid,
    missingField,
    extraField,
    duplicateField,
    notAnObject,
    anyObject,
    malformed,
    fc.string({ unit: 'binary' }),
  );
}

describe.each(routes)('$route', (input) => {
  test('rejects any invalid body with a 4xx problem and writes nothing', async () => {
    const simulation = new Simulation();
    await simulation.runUntilDone(simulation.request('POST /payments/accounts', { body: { user_id: 'alice' } }));
    await simulation.runUntilDone(
      simulation.request('POST /payments/accounts/deposit', { body: { user_id: 'alice', amount: 5 } }),
    );
    const before = [...simulation.orders.all(), ...simulation.payments.all()];
    await fc.assert(
      fc.asyncProperty(invalidBodies(input), fc.option(fc.string({ unit: 'binary' })), async (body, key) => {
        const headers = key === null ? {} : { 'Idempotency-Key': key };
        const {
          status,
          headers: replyHeaders,
          body: problem,
        } = await simulation.runUntilDone(simulation.request(input.route, { body, headers }));
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
        expect(replyHeaders['Content-Type']).toBe('application/problem+json');
        expect(problem).toMatchObject({
          title: expect.any(String),
          status,
          detail: expect.any(String),
          code: 'invalid_request',
        });
        const errors = problem['errors'] as { path: string; message: string }[];
        expect(errors.length).toBeGreaterThan(0);
        for (const { path, message } of errors) expect([typeof path, message.length > 0]).toEqual(['string', true]);
        expect([...simulation.orders.all(), ...simulation.payments.all()]).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  test('accepts the valid body, so that each rejection above is due to its invalid part', async () => {
    const simulation = new Simulation();
    await simulation.runUntilDone(simulation.request('POST /payments/accounts', { body: { user_id: 'alice' } }));
    const response = await simulation.runUntilDone(
      simulation.request(input.route, { body: toJson(Object.entries(input.valid)) }),
    );
    expect(response.status).toBeLessThan(300);
  });
});

test('POST /orders accepts unusual names in metadata and returns them unchanged', async () => {
  const simulation = new Simulation();
  const metadata = { constructor: 'a', toString: 'b', 'ключ 😀': 'c', ' ': '', 'a.b': '"', pk: 'x' };
  const placed = await simulation.runUntilDone(
    simulation.request('POST /orders', { body: { user_id: 'alice', amount: 1, metadata } }),
  );
  expect(placed).toMatchObject({ status: 201, body: { metadata } });
  const id = String(placed.body['id']);
  expect(
    (await simulation.runUntilDone(simulation.request('GET /orders/{id}', { path: { id } }))).body['metadata'],
  ).toEqual(metadata);
});
