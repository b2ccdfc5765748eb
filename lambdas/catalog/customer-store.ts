import * as z from 'zod/mini';
import { toIso } from '../shared/runtime/clock.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, type Row, versionIs, type Write } from '../shared/store/store.ts';

/** What price rules know about a customer. Only an admin assigns tags (docs/adr/0017). */
export interface Customer {
  readonly user_id: string;
  readonly tags: readonly string[];
}

export const customerKey = (userId: string): Key => ({ pk: `CUSTOMER#${userId}`, sk: 'STATE' });

const CustomerRow = z.object({
  tags: z.array(z.string()),
  version: z.number(),
  changed_at: z.optional(z.string()),
});
type CustomerRow = z.infer<typeof CustomerRow>;

/** Parses the row of a customer. A customer without a row has no tags. */
export const parseCustomer = (row: Row | undefined): CustomerRow =>
  row ? CustomerRow.parse(row) : { tags: [], version: 0 };

export const tagsOf = (row: Row | undefined): readonly string[] => parseCustomer(row).tags;

export function customerStore(work: UnitOfWork) {
  return {
    get: async (user_id: string): Promise<Customer> => ({
      user_id,
      tags: tagsOf(await work.store.get(customerKey(user_id))),
    }),
    /** Replaces the tags of a customer. */
    put: ({ user_id, tags }: Customer): Promise<Customer> =>
      commit(work, async (read) => {
        const key = customerKey(user_id);
        const row = await read.get(key);
        const { version } = parseCustomer(row);
        const set = { tags, version: version + 1, changed_at: toIso(work.clock.now()) };
        const write: Write = row
          ? { op: 'update', key, set, when: versionIs(version) }
          : { op: 'put', row: { ...key, user_id, ...set }, when: absent };
        return { writes: [write], result: { user_id, tags } };
      }),
  };
}
export type CustomerStore = ReturnType<typeof customerStore>;
