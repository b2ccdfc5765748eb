import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { CustomerTag } from './rule-set.ts';

const MAX_TAGS = 20;

const params = z.strictObject({ user_id: UserId });

const Tags = z.array(CustomerTag).check(
  z.maxLength(MAX_TAGS),
  z.refine((tags) => new Set(tags).size === tags.length, 'must not repeat a tag'),
);

const CustomerView = z.object({ user_id: UserId, tags: Tags });

/** Replaces the tags of a customer. Only admins may call this, because price rules give discounts by tags. */
export const putCustomer = route(
  { params, body: z.strictObject({ tags: Tags }), returns: CustomerView },
  async ({ params: { user_id }, body: { tags } }, { customers }: CatalogApiDeps) =>
    toView(await customers.put({ user_id, tags })),
);

export const showCustomer = route(
  { params, returns: CustomerView },
  async ({ params: { user_id } }, { customers }: CatalogApiDeps) => toView(await customers.get(user_id)),
);

const toView = ({ user_id, tags }: { user_id: string; tags: readonly string[] }) => ({ user_id, tags: [...tags] });
