import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { createApi } from '../../../../lambdas/shared/http/api.ts';
import { HttpResponse, RawJson, type Request, route } from '../../../../lambdas/shared/http/route.ts';
import { routeByBody } from '../../../../lambdas/shared/http/route-by-body.ts';
import type { Deadline } from '../../../../lambdas/shared/runtime/clock.ts';
import { AlreadyDone, Busy, OutcomeUnknown, Rejected } from '../../../../lambdas/shared/runtime/errors.ts';
import { createSteppingClock, gatewayEvent } from '../../../support/fixtures.ts';

const Body = z.strictObject({
  name: z.string(),
  amount: z.int().check(z.gte(1), z.lte(100)),
  tree: z.optional(z.unknown()),
  inner: z.optional(z.strictObject({ flag: z.boolean() })),
});
type Greeting = z.infer<typeof Body>;
const routeKeys = { create: 'POST /greetings', show: 'GET /greetings/{id}' } as const;

/** Creates an API whose POST route runs the given handler. */
function createTestApi(
  handle: (request: Request<unknown, unknown, Greeting>) => Promise<unknown> = async () => ({ ok: true }),
  requiresKey = false,
) {
  const seen: Request<unknown, unknown, Greeting>[] = [];
  const run = createApi(
    routeKeys,
    {
      create: route(
        { body: Body, returns: z.object({ ok: z.boolean() }), status: 201 },
        async (request: Request<Record<string, never>, Record<string, never>, Greeting>) => {
          seen.push(request);
          return (await handle(request)) as { ok: boolean };
        },
      ),
      show: route(
        {
          params: z.strictObject({ id: z.string().check(z.regex(/^[a-z ]+$/)) }),
          query: z.strictObject({ limit: z.optional(z.string().check(z.regex(/^\d+$/))) }),
          returns: z.object({ id: z.string(), limit: z.optional(z.string()) }),
        },
        async ({ params, query }) =>
          new HttpResponse(
            { ...params, ...query, secret: 'never sent' },
            { Link: '</greetings?a=1>; rel="next", </x>; rel="prev"', Location: '/greetings/1' },
          ),
      ),
    },
    () => () => ({}),
  ).withRuntime({ createDeps: () => ({}), clock: createSteppingClock(), baseUrl: 'https://shop.example', requiresKey });
  const post = (body: string | null, more: Partial<APIGatewayProxyEvent> = {}) =>
    run(gatewayEvent(routeKeys.create, { body, ...more })).then(read);
  return { run: (event: APIGatewayProxyEvent) => run(event).then(read), post, seen };
}
const read = ({ statusCode, headers = {}, body }: APIGatewayProxyResult) => ({
  status: statusCode,
  headers: headers as Record<string, string>,
  body: JSON.parse(body) as Record<string, unknown> & { errors?: { path: string; message: string }[] },
});
const pathsOf = (body: { errors?: { path: string }[] }) => (body.errors ?? []).map(({ path }) => path).sort();
const validBody = { name: 'alice', amount: 5 };
const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

describe('a valid request', () => {
  test('returns the status of the route and only declared fields', async () => {
    const { post } = createTestApi(async () => ({ ok: true, password: 'hunter2' }));
    const response = await post(JSON.stringify(validBody));
    expect(response).toMatchObject({ status: 201, body: { ok: true } });
    expect(response.body).not.toHaveProperty('password');
    expect(response.headers['Content-Type']).toBe('application/json');
  });

  test('may have a body in base64', async () => {
    const { post, seen } = createTestApi();
    const body = JSON.stringify({ ...validBody, name: 'Grüße 😀' });
    expect((await post(Buffer.from(body).toString('base64'), { isBase64Encoded: true })).status).toBe(201);
    expect(seen[0]?.body.name).toBe('Grüße 😀');
  });

  test('returns links with the configured base URL', async () => {
    const { run } = createTestApi();
    const response = await run(gatewayEvent(routeKeys.show, { pathParameters: { id: 'abc' } }));
    expect(response.headers['Location']).toBe('https://shop.example/greetings/1');
    expect(response.headers['Link']).toBe(
      '<https://shop.example/greetings?a=1>; rel="next", <https://shop.example/x>; rel="prev"',
    );
    expect(response).toMatchObject({ status: 200, body: { id: 'abc' } });
  });

  test('has decoded path parameters', async () => {
    const response = await createTestApi().run(gatewayEvent(routeKeys.show, { pathParameters: { id: 'a%20b' } }));
    expect(response.body).toEqual({ id: 'a b' });
  });

  test('retries contention for 5 s', async () => {
    const { post, seen } = createTestApi();
    await post(JSON.stringify(validBody));
    expect(Number(seen[0]?.deadlineMs) - Number(seen[0]?.now)).toBe(5000);
  });
});

describe('an invalid request returns 400', () => {
  test('with all errors of the body', async () => {
    const { post, seen } = createTestApi();
    const { status, body } = await post(
      JSON.stringify({ amount: 1.5, extra: 1, more: 2, inner: { flag: 'x', odd: 1 } }),
    );
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual(['amount', 'extra', 'inner.flag', 'inner.odd', 'more', 'name']);
    expect(body.errors?.every(({ message }) => message.length > 0)).toBe(true);
    expect(seen).toEqual([]);
  });

  test('with the errors of header, path, query and body', async () => {
    const { post, run } = createTestApi();
    const invalid = await post(JSON.stringify({ name: 1, amount: 0 }), {
      headers: { 'Idempotency-Key': '' },
      queryStringParameters: { odd: '1' },
    });
    expect(pathsOf(invalid.body)).toEqual(['Idempotency-Key', 'amount', 'name', 'odd']);
    const malformed = await post('{"half":', { headers: { 'idempotency-key': '\u0007' } });
    expect(pathsOf(malformed.body)).toEqual(['Idempotency-Key', 'body']);
    const undecodable = await run(
      gatewayEvent(routeKeys.show, {
        pathParameters: { id: '%ff' },
        queryStringParameters: { limit: '1' },
        multiValueQueryStringParameters: { limit: ['1', '2'] },
      }),
    );
    expect(pathsOf(undecodable.body)).toEqual(['id', 'limit']);
  });

  test.each([
    ['a fraction', { ...validBody, amount: 1.5 }, 'amount'],
    ['zero', { ...validBody, amount: 0 }, 'amount'],
    ['a negative number', { ...validBody, amount: -1 }, 'amount'],
    ['a number in a string', { ...validBody, amount: '5' }, 'amount'],
    ['a number instead of a string', { ...validBody, name: 5 }, 'name'],
    ['an array instead of a number', { ...validBody, amount: [5] }, 'amount'],
    ['null instead of a number', { ...validBody, amount: null }, 'amount'],
    ['a missing field', { amount: 5 }, 'name'],
    ['an unknown field', { ...validBody, colour: 'red' }, 'colour'],
    ['an unknown nested field', { ...validBody, inner: { flag: true, odd: 1 } }, 'inner.odd'],
    ['a field named like an Object property', { ...validBody, constructor: 1 }, 'constructor'],
  ])('for %s', async (_, body, path) => {
    const { post, seen } = createTestApi();
    const response = await post(JSON.stringify(body));
    expect(response.status).toBe(400);
    expect(pathsOf(response.body)).toEqual([path]);
    expect(seen).toEqual([]);
  });

  test.each([
    ['no body', null],
    ['an empty body', ''],
    ['malformed JSON', '{"name":"alice",}'],
    ['text after the JSON value', '{"name":"a","amount":5} {}'],
    ['an array', '[]'],
    ['a string', '"text"'],
    ['a number', '5'],
    ['null', 'null'],
    ['a number that overflows', '{"name":"a","amount":1e400}'],
    ['NaN', '{"name":"a","amount":NaN}'],
    ['a __proto__ field', '{"name":"a","amount":5,"__proto__":{"amount":1}}'],
    ['an escaped __proto__ field in a nested object', '{"name":"a","amount":5,"tree":[{"\\u005f_proto__":{}}]}'],
  ])('for %s', async (_, body) => {
    const { post, seen } = createTestApi();
    const response = await post(body);
    expect(response).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(pathsOf(response.body)).not.toEqual([]);
    expect(seen).toEqual([]);
  });

  test('for bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"amount":5,"name":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]);
    const response = await createTestApi().post(bytes.toString('base64'), { isBase64Encoded: true });
    expect(response.status).toBe(400);
    expect(pathsOf(response.body)).toEqual(['body']);
  });

  test('for nesting over 20 levels, and accepts 20', async () => {
    const { post } = createTestApi();
    expect((await post(JSON.stringify({ ...validBody, tree: nested(19) }))).status).toBe(201);
    const deep = await post(JSON.stringify({ ...validBody, tree: nested(20) }));
    expect(deep.status).toBe(400);
    expect(deep.body.errors?.[0]?.message).toContain('20 levels');
    expect((await post('['.repeat(60_000) + ']'.repeat(60_000))).status).toBe(400);
    expect((await post('{"a":'.repeat(25_000))).status).toBe(400);
  });

  test('for a query parameter that is unknown or repeated', async () => {
    const { run } = createTestApi();
    const path = { pathParameters: { id: 'abc' } };
    const unknown = await run(gatewayEvent(routeKeys.show, { ...path, queryStringParameters: { colour: 'red' } }));
    expect(unknown.status).toBe(400);
    expect(pathsOf(unknown.body)).toEqual(['colour']);
    const twice = await run(
      gatewayEvent(routeKeys.show, {
        ...path,
        queryStringParameters: { limit: '2' },
        multiValueQueryStringParameters: { limit: ['1', '2'] },
      }),
    );
    expect(twice.body).toMatchObject({ status: 400, errors: [{ path: 'limit', message: 'given more than once' }] });
  });
});

describe('a path parameter that breaks its schema', () => {
  test('returns 404 with the reason', async () => {
    const { run } = createTestApi();
    const invalid = await run(gatewayEvent(routeKeys.show, { pathParameters: { id: 'NOPE' } }));
    expect(invalid).toMatchObject({ status: 404, body: { code: 'not_found', title: 'Not Found' } });
    expect(invalid.body['detail']).toMatch(/^id: ./);
    expect(invalid.body).not.toHaveProperty('errors');
    expect((await run(gatewayEvent(routeKeys.show, { pathParameters: { id: '%ff' } }))).status).toBe(404);
  });

  test('is one of the errors of a 400 if the query is invalid too', async () => {
    const parameters = { pathParameters: { id: 'NOPE' }, queryStringParameters: { limit: 'x' } };
    const both = await createTestApi().run(gatewayEvent(routeKeys.show, parameters));
    expect(both.status).toBe(400);
    expect(pathsOf(both.body)).toEqual(['id', 'limit']);
  });
});

describe('the size limit of a body', () => {
  const bodyOfSize = (bytes: number) => {
    const empty = JSON.stringify({ ...validBody, name: '' });
    return JSON.stringify({ ...validBody, name: 'x'.repeat(bytes - empty.length) });
  };

  test('rejects more than 128 KB with 413, counted in bytes', async () => {
    const { post } = createTestApi();
    expect((await post(bodyOfSize(128 * 1024))).status).toBe(201);
    expect(await post(bodyOfSize(128 * 1024 + 1))).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    expect((await post(JSON.stringify({ ...validBody, name: '漢'.repeat(50 * 1024) }))).status).toBe(413);
  });

  test('applies to the decoded body, not to its base64 text', async () => {
    const { post } = createTestApi();
    const encoded = (bytes: number) => Buffer.from(bodyOfSize(bytes)).toString('base64');
    expect((await post(encoded(127 * 1024), { isBase64Encoded: true })).status).toBe(201);
    expect((await post(encoded(129 * 1024), { isBase64Encoded: true })).status).toBe(413);
  });
});

describe('the correlation id', () => {
  const correlationIdOf = async (headers: Record<string, string>) =>
    (await createTestApi().post(JSON.stringify(validBody), { headers })).headers['X-Correlation-Id'];

  test('is taken from the request header in any case', async () => {
    for (const name of ['X-Correlation-Id', 'x-correlation-id', 'X-CORRELATION-ID'])
      expect(await correlationIdOf({ [name]: 'my-request.1' })).toBe('my-request.1');
  });

  test('is created if the header is missing, too long or has control characters', async () => {
    const created = await Promise.all(
      [{}, { 'X-Correlation-Id': '' }, { 'X-Correlation-Id': 'x'.repeat(129) }, { 'X-Correlation-Id': 'a\nb' }].map(
        (headers) => correlationIdOf(headers as Record<string, string>),
      ),
    );
    expect(new Set(created).size).toBe(4);
    for (const id of created) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is part of a problem, in header and body', async () => {
    const response = await createTestApi().post('{', { headers: { 'x-correlation-id': 'my-request' } });
    expect(response).toMatchObject({
      headers: { 'X-Correlation-Id': 'my-request' },
      body: { correlation_id: 'my-request' },
    });
  });
});

describe('an Idempotency-Key', () => {
  const statusWith = async (key: string) =>
    (await createTestApi().post(JSON.stringify(validBody), { headers: { 'idempotency-KEY': key } })).status;

  test('must have 1 to 255 printable ASCII characters', async () => {
    expect(await statusWith('k')).toBe(201);
    expect(await statusWith(' ~'.repeat(127))).toBe(201);
    expect(await statusWith('k'.repeat(255))).toBe(201);
    for (const invalid of ['', 'k'.repeat(256), 'tab\t', 'new\nline', 'umlaut-ä', '\u007f'])
      expect(await statusWith(invalid)).toBe(400);
  });

  test('derives the same id for the same caller and key, and another id otherwise', async () => {
    const idOf = async (key: string | undefined, caller: string) => {
      const { post, seen } = createTestApi();
      await post(JSON.stringify(validBody), { headers: key === undefined ? {} : { 'Idempotency-Key': key } });
      return seen[0]?.identify(caller);
    };
    expect(await idOf('k', 'alice')).toEqual(await idOf('k', 'alice'));
    expect((await idOf('k', 'alice'))?.id).not.toBe((await idOf('k', 'bob'))?.id);
    expect((await idOf('k', 'alice'))?.id).not.toBe((await idOf('l', 'alice'))?.id);
    expect((await idOf(undefined, 'alice'))?.id).not.toBe((await idOf(undefined, 'alice'))?.id);
    expect((await idOf(undefined, 'alice'))?.hasKey).toBe(false);
  });
});

describe('an error', () => {
  const failing = (error: unknown) =>
    createTestApi(async () => {
      throw error;
    }).post(JSON.stringify(validBody), { headers: { 'X-Correlation-Id': 'my-request' } });

  test('of the domain returns a problem with its code and status', async () => {
    const response = await failing(new Rejected('account_exists', 'alice has an account already.'));
    expect(response.headers['Content-Type']).toBe('application/problem+json');
    expect(response.status).toBe(409);
    expect(response.body).toEqual({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      detail: 'alice has an account already.',
      code: 'account_exists',
      correlation_id: 'my-request',
    });
  });

  test('AlreadyDone returns 409 without data of the row', async () => {
    const response = await failing(new AlreadyDone({ pk: 'ORDER#1', sk: 'PAYMENT' }));
    expect(response).toMatchObject({ status: 409, body: { code: 'already_done' } });
    expect(JSON.stringify(response)).not.toContain('ORDER#1');
  });

  test('a missing Idempotency-Key returns 400 on a stage that requires it, for requests that create something', async () => {
    const create = async (request: Request<unknown, unknown, Greeting>) => ({ ok: request.identify('alice').hasKey });
    const strict = createTestApi(create, true);
    expect(await strict.post(JSON.stringify(validBody))).toMatchObject({
      status: 400,
      body: { code: 'idempotency_key_required' },
    });
    const headers = { 'Idempotency-Key': 'k' };
    expect(await strict.post(JSON.stringify(validBody), { headers })).toMatchObject({ status: 201 });
    expect(await strict.run(gatewayEvent(routeKeys.show, { pathParameters: { id: 'abc' } }))).toMatchObject({
      status: 200,
    });
    expect(await createTestApi(create).post(JSON.stringify(validBody))).toMatchObject({ status: 201 });
  });

  test('Busy returns 503 with Retry-After', async () => {
    const response = await failing(new Busy('still contended'));
    expect(response).toMatchObject({ status: 503, headers: { 'Retry-After': '1' }, body: { code: 'busy' } });
    expect(response.body['detail']).toContain('Nothing was changed.');
  });

  test('Busy after a write returns 503 with an unknown outcome', async () => {
    const deposit = route({ returns: z.object({}) }, async (_request, write: () => void) => {
      write();
      throw new Busy('the second commit did not finish');
    });
    const createDeps = ({ onWrite }: Deadline) => onWrite ?? (() => undefined);
    const api = createApi({ deposit: 'POST /deposit' }, { deposit }, () => createDeps).withRuntime({
      createDeps,
      clock: createSteppingClock(),
      baseUrl: '',
    });
    expect(read(await api(gatewayEvent('POST /deposit')))).toMatchObject({
      status: 503,
      body: { code: 'outcome_unknown' },
    });
  });

  test('OutcomeUnknown returns 503 with a code of its own, and asks for the same Idempotency-Key', async () => {
    const response = await failing(new OutcomeUnknown('a write got no response'));
    expect(response).toMatchObject({ status: 503, headers: { 'Retry-After': '1' }, body: { code: 'outcome_unknown' } });
    expect(response.body['detail']).toContain('Send it again with the same Idempotency-Key');
  });

  test('of any other kind returns 500 without its message', async () => {
    for (const error of [new Error('password=hunter2 at /var/task/x.js'), 'hunter2', undefined]) {
      const response = await failing(error);
      expect(response).toMatchObject({ status: 500, body: { code: 'internal', title: 'Internal Server Error' } });
      expect(JSON.stringify(response)).not.toContain('hunter2');
      expect(JSON.stringify(response)).not.toContain('/var/task');
    }
  });

  test('500 is returned for a response that breaks its schema', async () => {
    const response = await createTestApi(async () => ({ ok: 'not a boolean' })).post(JSON.stringify(validBody));
    expect(response).toMatchObject({ status: 500, body: { code: 'internal' } });
  });

  test('404 is returned for an unknown route', async () => {
    expect(await createTestApi().run(gatewayEvent('DELETE /greetings'))).toMatchObject({
      status: 404,
      body: { code: 'not_found', title: 'Not Found' },
    });
  });
});

describe('a route with several responses', () => {
  const Letter = z.strictObject({ letter_id: z.string(), pages: z.int() });
  const Note = z.strictObject({ text: z.string(), pages: z.optional(z.int()) });
  const routeKey = 'POST /mail';

  /** Creates a route that accepts notes and letters and runs the given handler for both. */
  function createMailApi(handle: (request: Request<unknown, unknown, unknown>) => unknown) {
    const routeFor = <B>(body: z.ZodMiniType<B>) =>
      route(
        { body, returns: z.object({ sent: z.boolean() }), otherResponses: { 202: z.object({ queued: z.string() }) } },
        async (request) => handle(request as Request<unknown, unknown, unknown>) as { sent: boolean },
      );
    const send = routeByBody(routeFor<unknown>(Note), routeFor<unknown>(Letter), 'letter_id');
    const runtime = { createDeps: () => ({}), clock: createSteppingClock(), baseUrl: '' };
    const run = createApi({ send: routeKey }, { send }, () => () => ({})).withRuntime(runtime);
    return (body: string) => run(gatewayEvent(routeKey, { body }));
  }

  test('sends each response by the schema of its status', async () => {
    const standard = await createMailApi(() => ({ sent: true, secret: 1 }))('{"text":"a"}');
    expect(standard).toMatchObject({ statusCode: 200, body: '{"sent":true}' });
    const queued = await createMailApi(() => new HttpResponse({ queued: 'q1', secret: 1 }, { 'X-Test': 'y' }, 202))(
      '{"text":"a"}',
    );
    expect(queued).toMatchObject({ statusCode: 202, body: '{"queued":"q1"}', headers: { 'X-Test': 'y' } });
  });

  test('returns 500 for a status that is not declared', async () => {
    const undeclared = [new HttpResponse({ sent: true }, {}, 204), new HttpResponse(new RawJson('{}'), {}, 299)];
    for (const response of [...undeclared, new HttpResponse({ sent: true }, {}, 202)])
      expect((await createMailApi(() => response)('{"text":"a"}')).statusCode).toBe(500);
  });

  test('sends raw JSON unchanged', async () => {
    const text = '{ "sent" : 90071992547409931, "__proto__": [1e400] }';
    const response = await createMailApi(() => new HttpResponse(new RawJson(text), {}))('{"text":"a"}');
    expect(response).toMatchObject({ statusCode: 200, body: text, headers: { 'Content-Type': 'application/json' } });
  });

  test('passes the body to the handler as it was sent', async () => {
    const seen: string[] = [];
    const run = createMailApi(({ text }) => {
      seen.push(text);
      return { sent: true };
    });
    await run('{ "text": "a", "pages": 1.0 }');
    expect(seen).toEqual(['{ "text": "a", "pages": 1.0 }']);
  });

  test.each([
    ['{"text":"a"}', []],
    ['{"letter_id":"a","pages":1}', []],
    ['{}', ['text']],
    ['[]', ['body']],
    ['null', ['body']],
    ['{"pages":1}', ['text']],
    ['{"pages":"x"}', ['pages', 'text']],
    ['{"letter_id":1}', ['letter_id', 'pages']],
    ['{"letter_id":"a","text":"b"}', ['pages', 'text']],
    ['{"letter_id":"a","text":"b","pages":1}', ['text']],
    ['{"toString":1,"constructor":2}', ['constructor', 'text', 'toString']],
  ])('returns for %s the errors of the closer schema', async (body, paths) => {
    const response = await createMailApi(() => ({ sent: true }))(body);
    expect(pathsOf(JSON.parse(response.body) as { errors?: { path: string }[] })).toEqual(paths);
  });
});
