import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { type Change, commit, commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Reader, type Row, versionIs, type Write } from '../shared/store/store.ts';
import { type Admission, admit, afterFailure, afterSuccess, healthy, newWebhook, type Webhook } from './webhook.ts';
import { creationKey, type LastTest, parseLastTest, parseWebhook, WEBHOOKS, webhookKey } from './webhook-row.ts';

/** Each event is sent once for each webhook, so their number is limited. */
export const MAX_WEBHOOKS = 100;

/** How the deliveries of one batch to a webhook have ended: at least one has succeeded, or all have failed. */
export type DeliveryResult = { readonly succeeded: true } | { readonly succeeded: false; readonly reason: string };

type Input = Pick<Webhook, 'url' | 'events'>;

/** Creates the store of webhooks. */
export function webhookStore(work: UnitOfWork) {
  const { store } = work;
  return {
    create: (input: Input, identity: RequestIdentity) => create(work, input, identity),
    get: async (id: string): Promise<Webhook> => parseWebhook(await requireRow(store, id)),
    find: async (id: string): Promise<Webhook | undefined> => {
      const row = await store.get(webhookKey(id));
      return row && parseWebhook(row);
    },
    list: async (page: { above?: string | undefined; limit: number }): Promise<Webhook[]> =>
      (await store.query({ partition: WEBHOOKS, ...page })).map(parseWebhook),
    listAll: async (): Promise<Webhook[]> =>
      // A few more than the maximum may exist, because concurrent requests are not counted.
      (await store.query({ partition: WEBHOOKS, limit: 2 * MAX_WEBHOOKS })).map(parseWebhook),
    remove: (id: string) => remove(work, id),
    admit: (id: string) => admitTo(work, id),
    /** Records how deliveries have ended, and returns the webhook as it is then, or nothing if it was deleted. */
    recordResult: (id: string, result: DeliveryResult) => recordResult(work, id, result),
    recordTest: (id: string, test: LastTest) => change(work, id, () => ({ last_test: test })),
    lastTest: async (id: string): Promise<LastTest | undefined> => parseLastTest(await requireRow(store, id)),
    /** Makes a webhook healthy, so that it gets events again at once. */
    enable: async (id: string): Promise<Webhook> => {
      await requireRow(store, id);
      await change(work, id, () => ({ health: healthy }));
      return parseWebhook(await requireRow(store, id));
    },
  };
}
export type WebhookStore = ReturnType<typeof webhookStore>;

async function requireRow(store: Reader, id: string): Promise<Row> {
  const row = await store.get(webhookKey(id));
  if (!row) throw new Rejected('webhook_not_found', `There is no webhook ${id}.`, 404);
  return row;
}

/**
 * Creates a webhook under the id of its request, so that a repeated request finds it and creates no other. A repetition
 * gets the webhook as it was created.
 */
async function create(work: UnitOfWork, input: Input, identity: RequestIdentity) {
  const { id, body_hash, hasKey } = identity;
  const created = newWebhook({ id, ...input, created_at: toIso(work.clock.now()) });
  const { existing, result } = await commitOnce(work, async (read): Promise<Change<Row | undefined>> => {
    // The limit is read before the row: if another attempt of this request has reached it, its webhook is found.
    const isFull = (await read.query({ partition: WEBHOOKS, limit: MAX_WEBHOOKS })).length === MAX_WEBHOOKS;
    const before = (await read.get(creationKey(id))) ?? (await read.get(webhookKey(id)));
    if (before) return { writes: [], result: before };
    if (isFull) throw new Rejected('webhook_limit', `There are ${MAX_WEBHOOKS} webhooks, which is the maximum.`, 422);
    const put: Write = { op: 'put', row: { ...webhookKey(id), ...created, body_hash }, when: absent };
    const { created_at } = created;
    const record: Write = {
      op: 'put',
      row: { ...creationKey(id), body_hash, created_at },
      when: absent,
      decides: true,
    };
    // Without a key, no other request can have this id.
    return { writes: hasKey ? [put, record] : [put], result: undefined };
  });
  const before = existing ?? result;
  if (!before) return { webhook: created, isReplay: false };
  assertSameRequest(before, identity);
  const row = await work.store.get(webhookKey(id));
  if (!row)
    throw new Rejected(
      'webhook_deleted',
      `The webhook ${id} of this Idempotency-Key was deleted. Use another key to create it again.`,
      410,
    );
  return { webhook: { ...parseWebhook(row), health: healthy }, isReplay: hasKey };
}

const remove = (work: UnitOfWork, id: string): Promise<void> =>
  commit(work, async (read) => {
    const { version } = parseWebhook(await requireRow(read, id));
    return { writes: [{ op: 'delete', key: webhookKey(id), when: versionIs(version) }], result: undefined };
  });

/** Decides what may be sent to a webhook. Of several consumers that ask after a pause, one may make a trial. */
const admitTo = (
  work: UnitOfWork,
  id: string,
): Promise<{ readonly webhook: Webhook; readonly admission: Admission } | undefined> =>
  commit(work, async (read) => {
    const row = await read.get(webhookKey(id));
    if (!row) return { writes: [], result: undefined };
    const webhook = parseWebhook(row);
    const admission = admit(webhook, work.clock.now());
    const set = admission.allows === 'trial' ? { health: admission.health } : undefined;
    return { writes: updateOf(webhook, set), result: { webhook, admission } };
  });

const recordResult = (work: UnitOfWork, id: string, result: DeliveryResult): Promise<Webhook | undefined> =>
  change(work, id, (webhook) => {
    const health = result.succeeded ? afterSuccess(webhook) : afterFailure(webhook, result.reason, work.clock.now());
    return health && { health };
  });

/** Changes attributes of a webhook under its version, unless it was deleted. */
const change = (
  work: UnitOfWork,
  id: string,
  decide: (webhook: Webhook) => Partial<Pick<Webhook, 'health'> & { last_test: LastTest }> | undefined,
): Promise<Webhook | undefined> =>
  commit(work, async (read) => {
    const row = await read.get(webhookKey(id));
    if (!row) return { writes: [], result: undefined };
    const webhook = parseWebhook(row);
    const set = decide(webhook);
    return { writes: updateOf(webhook, set), result: { ...webhook, health: set?.health ?? webhook.health } };
  });

const updateOf = ({ id, version }: Webhook, set: object | undefined) =>
  set
    ? [{ op: 'update', key: webhookKey(id), set: { ...set, version: version + 1 }, when: versionIs(version) } as const]
    : [];
