import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in HTTP: each of them would have an effect twice, or tell the caller something wrong. */
export const plantedInHttp: readonly PlantedBug[] = [
  ...bugsIn('lambdas/shared/http/idempotency.ts', [
    {
      name: 'key without its route',
      find: 'deriveId(caller, routeKey, key)',
      replace: 'deriveId(caller, key)',
      consequence: 'A deposit and an order with the same key share an id.',
      caughtBy: [
        'test/unit/shared/http/idempotency.test.ts',
        'derives its id from route, caller and key, and not from the body',
      ],
    },
    {
      name: 'key without its caller',
      find: 'deriveId(caller, routeKey, key)',
      replace: 'deriveId(routeKey, key)',
      consequence: 'Two users with the same key get one order.',
      caughtBy: [
        'test/unit/shared/http/idempotency.test.ts',
        'derives its id from route, caller and key, and not from the body',
      ],
    },
    {
      name: 'another body is a replay',
      find: "if (row['body_hash'] !== body_hash)",
      replace: "if (row['body_hash'] === undefined)",
      consequence: 'A request with another body under a used key is reported as done.',
      caughtBy: [
        'test/unit/shared/http/idempotency.test.ts',
        'rejects a reused key with 422 unless the body is the same',
      ],
    },
    {
      name: 'required key is not required',
      find: '  if (key === undefined)\n    throw',
      replace: "  if (key === '')\n    throw",
      consequence: 'A stage that requires the key accepts requests that cannot be repeated safely.',
      caughtBy: [
        'test/unit/shared/http/route.test.ts',
        'a missing Idempotency-Key returns 400 on a stage that requires it, for requests that create something',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/runtime/ids.ts', [
    {
      name: 'ids of different parts collide',
      find: 'hash.update(`${Buffer.byteLength(part)}:${part}`)',
      replace: 'hash.update(part)',
      consequence: 'The key "bc" of user "a" equals the key "c" of user "ab".',
      caughtBy: [
        'test/unit/shared/http/idempotency.test.ts',
        'are equal for equal parts, and differ for parts with the same concatenation',
      ],
    },
    {
      name: 'hash depends on the order of fields',
      find: '  entries.sort(([a], [b]) => (a < b ? -1 : 1));\n',
      replace: '',
      consequence: 'A repetition whose client orders fields differently is rejected.',
      caughtBy: ['test/unit/shared/http/idempotency.test.ts', 'is equal for bodies whose fields are in another order'],
    },
  ]),
  ...bugsIn('lambdas/shared/http/route.ts', [
    {
      name: 'undeclared fields leave',
      find: 'JSON.stringify(schema.parse(body))',
      replace: 'JSON.stringify(body)',
      consequence: 'Internal fields of a row are visible to callers.',
      caughtBy: ['test/unit/shared/http/route.test.ts', 'returns the status of the route and only declared fields'],
    },
  ]),
  ...bugsIn('lambdas/shared/http/problem.ts', [
    {
      name: 'unknown outcome is reported as busy',
      find: "code: 'outcome_unknown', detail",
      replace: "code: 'busy', detail",
      consequence: 'The caller is told to send the request again, and pays twice.',
      caughtBy: [
        'test/unit/shared/http/route.test.ts',
        'OutcomeUnknown returns 503 with a code of its own, and asks for the same Idempotency-Key',
      ],
    },
    {
      name: 'internal error is shown',
      find: 'detail: internalError };',
      replace: 'detail: String(error) };',
      consequence: 'A caller sees table names and stack traces.',
      caughtBy: ['test/unit/shared/http/route.test.ts', 'of any other kind returns 500 without its message'],
    },
  ]),
  ...bugsIn('lambdas/shared/http/request.ts', [
    {
      name: 'body above the limit',
      find: 'bytes.byteLength > MAX_BODY_BYTES',
      replace: 'bytes.byteLength > 10 * MAX_BODY_BYTES',
      consequence: 'A body is accepted that no event can carry.',
      caughtBy: ['test/unit/shared/http/route.test.ts', 'rejects more than 128 KB with 413, counted in bytes'],
    },
    {
      name: 'correlation id is not checked',
      find: 'given && CORRELATION_ID.test(given) ? given',
      replace: 'given ? given',
      consequence: 'A caller writes line breaks into logs and headers.',
      caughtBy: [
        'test/unit/shared/http/route.test.ts',
        'is created if the header is missing, too long or has control characters',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/http/paging.ts', [
    {
      name: 'cursor of another list',
      find: 'if (parsed.success) return parsed.data;',
      replace: 'return parsed.data as T;',
      consequence: 'A cursor of another list is applied, and rows are skipped without an error.',
      caughtBy: ['test/unit/shared/http/paging.test.ts', 'is rejected if it belongs to another list'],
    },
  ]),
];
