import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { createApi } from '../../../../lambdas/shared/http/api.ts';
import { RawJson, Reply, type Request, route } from '../../../../lambdas/shared/http/route.ts';
import { routeByBody } from '../../../../lambdas/shared/http/route-by-body.ts';
import { AlreadyDone, Busy, Rejected } from '../../../../lambdas/shared/runtime/errors.ts';
import { createSteppingClock, gatewayEvent } from '../../../support/fixtures.ts';

const Body = z.strictObject({
  name: z.string(),
  amount: z.int().check(z.gte(1), z.lte(100)),
  tree: z.optional(z.unknown()),
  inner: z.optional(z.strictObject({ flag: z.boolean() })),
});
type Greeting = z.infer<typeof Body>;
const doors = { make: 'POST /greetings', show: 'GET /greetings/{id}' } as const;

/** Doors with one thing behind them, told by the test. */
function behind(act: (request: Request<unknown, unknown, Greeting>) => Promise<unknown> = async () => ({ ok: true })) {
  const seen: Request<unknown, unknown, Greeting>[] = [];
  const run = createApi(
    doors,
    {
      make: route(
        { body: Body, returns: z.object({ ok: z.boolean() }), status: 201 },
        async (request: Request<Record<string, never>, Record<string, never>, Greeting>) => {
          seen.push(request);
          return (await act(request)) as { ok: boolean };
        },
      ),
      show: route(
        {
          params: z.strictObject({ id: z.string().check(z.regex(/^[a-z ]+$/)) }),
          query: z.strictObject({ limit: z.optional(z.string().check(z.regex(/^\d+$/))) }),
          returns: z.object({ id: z.string(), limit: z.optional(z.string()) }),
        },
        async ({ params, query }) =>
          new Reply(
            { ...params, ...query, secret: 'never leaves' },
            { Link: '</greetings?a=1>; rel="next", </x>; rel="prev"', Location: '/greetings/1' },
          ),
      ),
    },
    () => () => ({}),
  ).withRuntime({ createDeps: () => ({}), clock: createSteppingClock(), baseUrl: 'https://shop.example' });
  const post = (body: string | null, more: Partial<APIGatewayProxyEvent> = {}) =>
    run(gatewayEvent(doors.make, { body, ...more })).then(read);
  return { run: (event: APIGatewayProxyEvent) => run(event).then(read), post, seen };
}
const read = ({ statusCode, headers = {}, body }: APIGatewayProxyResult) => ({
  status: statusCode,
  headers: headers as Record<string, string>,
  body: JSON.parse(body) as Record<string, unknown> & { errors?: { path: string; message: string }[] },
});
const pathsOf = (body: { errors?: { path: string }[] }) => (body.errors ?? []).map(({ path }) => path).sort();
const right = { name: 'alice', amount: 5 };
const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

describe('a right request', () => {
  test('is answered with the route’s status, and only with fields that are declared', async () => {
    const { post } = behind(async () => ({ ok: true, password: 'hunter2' }));
    const reply = await post(JSON.stringify(right));
    expect(reply).toMatchObject({ status: 201, body: { ok: true } });
    expect(reply.body).not.toHaveProperty('password');
    expect(reply.headers['Content-Type']).toBe('application/json');
  });

  test('is read from base64 as well', async () => {
    const { post, seen } = behind();
    const body = JSON.stringify({ ...right, name: 'Grüße 😀' });
    expect((await post(Buffer.from(body).toString('base64'), { isBase64Encoded: true })).status).toBe(201);
    expect(seen[0]?.body.name).toBe('Grüße 😀');
  });

  test('has links that point at the configured address, not at the stage’s', async () => {
    const { run } = behind();
    const reply = await run(gatewayEvent(doors.show, { pathParameters: { id: 'abc' } }));
    expect(reply.headers['Location']).toBe('https://shop.example/greetings/1');
    expect(reply.headers['Link']).toBe(
      '<https://shop.example/greetings?a=1>; rel="next", <https://shop.example/x>; rel="prev"',
    );
    expect(reply).toMatchObject({ status: 200, body: { id: 'abc' } });
  });

  test('has its path decoded', async () => {
    const reply = await behind().run(gatewayEvent(doors.show, { pathParameters: { id: 'a%20b' } }));
    expect(reply.body).toEqual({ id: 'a b' });
  });

  test('has five seconds for contention', async () => {
    const { post, seen } = behind();
    await post(JSON.stringify(right));
    expect(Number(seen[0]?.deadlineMs) - Number(seen[0]?.now)).toBe(5000);
  });
});

describe('bad input is refused with 400', () => {
  test('and all of its faults at once', async () => {
    const { post, seen } = behind();
    const { status, body } = await post(
      JSON.stringify({ amount: 1.5, extra: 1, more: 2, inner: { flag: 'x', odd: 1 } }),
    );
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual(['amount', 'extra', 'inner.flag', 'inner.odd', 'more', 'name']);
    expect(body.errors?.every(({ message }) => message.length > 0)).toBe(true);
    expect(seen).toEqual([]);
  });

  test('those of the header, the path and the query among them', async () => {
    const { post, run } = behind();
    const bad = await post(JSON.stringify({ name: 1, amount: 0 }), {
      headers: { 'Idempotency-Key': '' },
      queryStringParameters: { odd: '1' },
    });
    expect(pathsOf(bad.body)).toEqual(['Idempotency-Key', 'amount', 'name', 'odd']);
    const malformed = await post('{"half":', { headers: { 'idempotency-key': '\u0007' } });
    expect(pathsOf(malformed.body)).toEqual(['Idempotency-Key', 'body']);
    const lost = await run(
      gatewayEvent(doors.show, {
        pathParameters: { id: '%ff' },
        queryStringParameters: { limit: '1' },
        multiValueQueryStringParameters: { limit: ['1', '2'] },
      }),
    );
    expect(pathsOf(lost.body)).toEqual(['id', 'limit']);
  });

  test.each([
    ['a fraction', { ...right, amount: 1.5 }, 'amount'],
    ['zero', { ...right, amount: 0 }, 'amount'],
    ['a negative', { ...right, amount: -1 }, 'amount'],
    ['a number as text', { ...right, amount: '5' }, 'amount'],
    ['a number for text', { ...right, name: 5 }, 'name'],
    ['a list for a number', { ...right, amount: [5] }, 'amount'],
    ['nothing for a number', { ...right, amount: null }, 'amount'],
    ['a missing field', { amount: 5 }, 'name'],
    ['an unknown field', { ...right, colour: 'red' }, 'colour'],
    ['an unknown field inside', { ...right, inner: { flag: true, odd: 1 } }, 'inner.odd'],
    ['a field named like a part of every object', { ...right, constructor: 1 }, 'constructor'],
  ])('%s', async (_, body, path) => {
    const { post, seen } = behind();
    const reply = await post(JSON.stringify(body));
    expect(reply.status).toBe(400);
    expect(pathsOf(reply.body)).toEqual([path]);
    expect(seen).toEqual([]);
  });

  test.each([
    ['no body', null],
    ['an empty body', ''],
    ['malformed JSON', '{"name":"alice",}'],
    ['JSON that goes on', '{"name":"a","amount":5} {}'],
    ['a list', '[]'],
    ['text', '"text"'],
    ['a number', '5'],
    ['null', 'null'],
    ['a number beyond all numbers', '{"name":"a","amount":1e400}'],
    ['NaN', '{"name":"a","amount":NaN}'],
    ['a field that would change every object', '{"name":"a","amount":5,"__proto__":{"amount":1}}'],
    ['one that would do so deep inside', '{"name":"a","amount":5,"tree":[{"\\u005f_proto__":{}}]}'],
  ])('%s', async (_, body) => {
    const { post, seen } = behind();
    const reply = await post(body);
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(pathsOf(reply.body)).not.toEqual([]);
    expect(seen).toEqual([]);
  });

  test('bytes that are no text', async () => {
    const bytes = Buffer.concat([Buffer.from('{"amount":5,"name":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]);
    const reply = await behind().post(bytes.toString('base64'), { isBase64Encoded: true });
    expect(reply.status).toBe(400);
    expect(pathsOf(reply.body)).toEqual(['body']);
  });

  test('nesting over 20 levels, where 20 are taken', async () => {
    const { post } = behind();
    expect((await post(JSON.stringify({ ...right, tree: nested(19) }))).status).toBe(201);
    const deep = await post(JSON.stringify({ ...right, tree: nested(20) }));
    expect(deep.status).toBe(400);
    expect(deep.body.errors?.[0]?.message).toContain('20 levels');
    expect((await post('['.repeat(60_000) + ']'.repeat(60_000))).status).toBe(400);
    expect((await post('{"a":'.repeat(25_000))).status).toBe(400);
  });

  test('a query parameter that is unknown or given twice', async () => {
    const { run } = behind();
    const at = { pathParameters: { id: 'abc' } };
    const unknown = await run(gatewayEvent(doors.show, { ...at, queryStringParameters: { colour: 'red' } }));
    expect(unknown.status).toBe(400);
    expect(pathsOf(unknown.body)).toEqual(['colour']);
    const twice = await run(
      gatewayEvent(doors.show, {
        ...at,
        queryStringParameters: { limit: '2' },
        multiValueQueryStringParameters: { limit: ['1', '2'] },
      }),
    );
    expect(twice.body).toMatchObject({ status: 400, errors: [{ path: 'limit', message: 'given more than once' }] });
  });
});

describe('a path that names nothing of ours', () => {
  test('is 404 and says why, like any other thing that is not there', async () => {
    const { run } = behind();
    const wrong = await run(gatewayEvent(doors.show, { pathParameters: { id: 'NOPE' } }));
    expect(wrong).toMatchObject({ status: 404, body: { code: 'not_found', title: 'Not Found' } });
    expect(wrong.body['detail']).toMatch(/^id: ./);
    expect(wrong.body).not.toHaveProperty('errors');
    expect((await run(gatewayEvent(doors.show, { pathParameters: { id: '%ff' } }))).status).toBe(404);
  });

  test('is one fault among others where the query has some too', async () => {
    const at = { pathParameters: { id: 'NOPE' }, queryStringParameters: { limit: 'x' } };
    const both = await behind().run(gatewayEvent(doors.show, at));
    expect(both.status).toBe(400);
    expect(pathsOf(both.body)).toEqual(['id', 'limit']);
  });
});

describe('a body that is too large', () => {
  const filled = (bytes: number) => {
    const empty = JSON.stringify({ ...right, name: '' });
    return JSON.stringify({ ...right, name: 'x'.repeat(bytes - empty.length) });
  };

  test('is refused with 413 from 128 KB on, counted in bytes', async () => {
    const { post } = behind();
    expect((await post(filled(128 * 1024))).status).toBe(201);
    expect(await post(filled(128 * 1024 + 1))).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    expect((await post(JSON.stringify({ ...right, name: '漢'.repeat(50 * 1024) }))).status).toBe(413);
  });

  test('is not refused for the letters that base64 needs', async () => {
    const { post } = behind();
    const encoded = (bytes: number) => Buffer.from(filled(bytes)).toString('base64');
    expect((await post(encoded(127 * 1024), { isBase64Encoded: true })).status).toBe(201);
    expect((await post(encoded(129 * 1024), { isBase64Encoded: true })).status).toBe(413);
  });
});

describe('the thread of a request', () => {
  const threadOf = async (headers: Record<string, string>) =>
    (await behind().post(JSON.stringify(right), { headers })).headers['X-Correlation-Id'];

  test('is the caller’s, in whatever case its header is written', async () => {
    for (const name of ['X-Correlation-Id', 'x-correlation-id', 'X-CORRELATION-ID'])
      expect(await threadOf({ [name]: 'my-thread.1' })).toBe('my-thread.1');
  });

  test('is a new one where the caller’s is missing, too long or unfit for a log', async () => {
    const made = await Promise.all(
      [{}, { 'X-Correlation-Id': '' }, { 'X-Correlation-Id': 'x'.repeat(129) }, { 'X-Correlation-Id': 'a\nb' }].map(
        (headers) => threadOf(headers as Record<string, string>),
      ),
    );
    expect(new Set(made).size).toBe(4);
    for (const thread of made) expect(thread).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is told by a problem too, in its header and in its body', async () => {
    const reply = await behind().post('{', { headers: { 'x-correlation-id': 'mine' } });
    expect(reply).toMatchObject({ headers: { 'X-Correlation-Id': 'mine' }, body: { correlation_id: 'mine' } });
  });
});

describe('an Idempotency-Key', () => {
  const statusWith = async (key: string) =>
    (await behind().post(JSON.stringify(right), { headers: { 'idempotency-KEY': key } })).status;

  test('has 1 to 255 printable characters', async () => {
    expect(await statusWith('k')).toBe(201);
    expect(await statusWith(' ~'.repeat(127))).toBe(201);
    expect(await statusWith('k'.repeat(255))).toBe(201);
    for (const bad of ['', 'k'.repeat(256), 'tab\t', 'new\nline', 'umlaut-ä', '\u007f'])
      expect(await statusWith(bad)).toBe(400);
  });

  test('gives what is made the same id for the same caller and route, and only then', async () => {
    const idOf = async (key: string | undefined, caller: string) => {
      const { post, seen } = behind();
      await post(JSON.stringify(right), { headers: key === undefined ? {} : { 'Idempotency-Key': key } });
      return seen[0]?.identify(caller);
    };
    expect(await idOf('k', 'alice')).toEqual(await idOf('k', 'alice'));
    expect((await idOf('k', 'alice'))?.id).not.toBe((await idOf('k', 'bob'))?.id);
    expect((await idOf('k', 'alice'))?.id).not.toBe((await idOf('l', 'alice'))?.id);
    expect((await idOf(undefined, 'alice'))?.id).not.toBe((await idOf(undefined, 'alice'))?.id);
    expect((await idOf(undefined, 'alice'))?.hasKey).toBe(false);
  });
});

describe('what goes wrong', () => {
  const failing = (error: unknown) =>
    behind(async () => {
      throw error;
    }).post(JSON.stringify(right), { headers: { 'X-Correlation-Id': 'mine' } });

  test('in the domain is a problem with its code and status', async () => {
    const reply = await failing(new Rejected('account_exists', 'alice has an account already'));
    expect(reply.headers['Content-Type']).toBe('application/problem+json');
    expect(reply.status).toBe(409);
    expect(reply.body).toEqual({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      detail: 'alice has an account already',
      code: 'account_exists',
      correlation_id: 'mine',
    });
  });

  test('since it is decided already is 409, and says nothing of the row', async () => {
    const reply = await failing(new AlreadyDone({ pk: 'ORDER#1', sk: 'PAYMENT' }));
    expect(reply).toMatchObject({ status: 409, body: { code: 'already_done' } });
    expect(JSON.stringify(reply)).not.toContain('ORDER#1');
  });

  test('by contention is 503, and says when to come again', async () => {
    const reply = await failing(new Busy('still contended'));
    expect(reply).toMatchObject({ status: 503, headers: { 'Retry-After': '1' }, body: { code: 'busy' } });
  });

  test('on our side is 500 and says nothing of itself', async () => {
    for (const error of [new Error('password=hunter2 at /var/task/x.js'), 'hunter2', undefined]) {
      const reply = await failing(error);
      expect(reply).toMatchObject({ status: 500, body: { code: 'internal', title: 'Internal Server Error' } });
      expect(JSON.stringify(reply)).not.toContain('hunter2');
      expect(JSON.stringify(reply)).not.toContain('/var/task');
    }
  });

  test('with a reply that is not as declared is ours too', async () => {
    const reply = await behind(async () => ({ ok: 'perhaps' })).post(JSON.stringify(right));
    expect(reply).toMatchObject({ status: 500, body: { code: 'internal' } });
  });

  test('at a door that leads nowhere is 404', async () => {
    expect(await behind().run(gatewayEvent('DELETE /greetings'))).toMatchObject({
      status: 404,
      body: { code: 'not_found', title: 'Not Found' },
    });
  });
});

describe('a door with several answers', () => {
  const Letter = z.strictObject({ letter_id: z.string(), pages: z.int() });
  const Note = z.strictObject({ text: z.string(), pages: z.optional(z.int()) });
  const door = 'POST /mail';

  /** A pair of routes for notes and for letters, which both reply what the test says. */
  function mail(act: (request: Request<unknown, unknown, unknown>) => unknown) {
    const routeFor = <B>(body: z.ZodMiniType<B>) =>
      route(
        { body, returns: z.object({ sent: z.boolean() }), otherReplies: { 202: z.object({ queued: z.string() }) } },
        async (request) => act(request as Request<unknown, unknown, unknown>) as { sent: boolean },
      );
    const send = routeByBody(routeFor<unknown>(Note), routeFor<unknown>(Letter), 'letter_id');
    const runtime = { createDeps: () => ({}), clock: createSteppingClock(), baseUrl: '' };
    const run = createApi({ send: door }, { send }, () => () => ({})).withRuntime(runtime);
    return (body: string) => run(gatewayEvent(door, { body }));
  }

  test('gives each by what is declared for its status', async () => {
    const usual = await mail(() => ({ sent: true, secret: 1 }))('{"text":"a"}');
    expect(usual).toMatchObject({ statusCode: 200, body: '{"sent":true}' });
    const other = await mail(() => new Reply({ queued: 'q1', secret: 1 }, { 'X-Odd': 'y' }, 202))('{"text":"a"}');
    expect(other).toMatchObject({ statusCode: 202, body: '{"queued":"q1"}', headers: { 'X-Odd': 'y' } });
  });

  test('gives none that is not declared', async () => {
    const undeclared = [new Reply({ sent: true }, {}, 204), new Reply(new RawJson('{}'), {}, 299)];
    for (const answer of [...undeclared, new Reply({ sent: true }, {}, 202)])
      expect((await mail(() => answer)('{"text":"a"}')).statusCode).toBe(500);
  });

  test('passes on what is JSON already, to the letter', async () => {
    const text = '{ "sent" : 90071992547409931, "__proto__": [1e400] }';
    const reply = await mail(() => new Reply(new RawJson(text), {}))('{"text":"a"}');
    expect(reply).toMatchObject({ statusCode: 200, body: text, headers: { 'Content-Type': 'application/json' } });
  });

  test('knows the body as it was sent', async () => {
    const seen: string[] = [];
    const run = mail(({ text }) => {
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
  ])('tells %s the faults of the kind that it is closer to', async (body, paths) => {
    const reply = await mail(() => ({ sent: true }))(body);
    expect(pathsOf(JSON.parse(reply.body) as { errors?: { path: string }[] })).toEqual(paths);
  });
});
