import * as z from 'zod/mini';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, type Row, versionIs, type Write } from '../shared/store/store.ts';

/** What price rules know about a customer. Only an admin assigns tags (docs/adr/0017). */
export interface Customer {
  readonly user_id: string;
  readonly tags: readonly string[];
}

export const customerKey = (userId: string): Key => ({ pk: `CUSTOMER#${userId}`, sk: 'STATE' });

const CustomerRow = z.object({ user_id: z.string(), tags: z.array(z.string()), version: z.number() });

/** Returns the tags of a customer's row; a customer without a row has none. */
export const tagsOf = (row: Row | undefined): readonly string[] => (row ? CustomerRow.parse(row).tags : []);

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
        const version = row ? CustomerRow.parse(row).version : 0;
        const write: Write = row
          ? { op: 'update', key, set: { tags, version: version + 1 }, when: versionIs(version) }
          : { op: 'put', row: { ...key, user_id, tags, version: 1 }, when: absent };
        return { writes: [write], result: { user_id, tags } };
      }),
  };
}
export type CustomerStore = ReturnType<typeof customerStore>;
