import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import type { Customer } from './customer-store.ts';
import { CustomerTag } from './rule-set.ts';

const MAX_TAGS = 20;

export const CustomerParams = z.strictObject({ user_id: UserId });

export const Tags = z.array(CustomerTag).check(
  z.maxLength(MAX_TAGS),
  z.refine((tags) => new Set(tags).size === tags.length, 'must not repeat a tag'),
);

export const CustomerView = z.object({ user_id: UserId, tags: Tags });

export const toCustomerView = ({ user_id, tags }: Customer): z.infer<typeof CustomerView> => ({
  user_id,
  tags: [...tags],
});
