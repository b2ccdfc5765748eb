import { STATUS_CODES } from 'node:http';

/** The titles of HTTP statuses by RFC 9110, for every problem document. Node still has two titles of older RFCs. */
export const statusTitles: Readonly<Record<number, string | undefined>> = {
  ...STATUS_CODES,
  413: 'Content Too Large',
  422: 'Unprocessable Content',
};

/** The detail of a problem after which the caller cannot know whether the request has taken effect. */
export const outcomeUnknown =
  'It is not known whether the request has taken effect. Send it again with the same Idempotency-Key; without a key, check the result first, because a second request may have a second effect.';

/** The detail of an internal error, after which a request that changes something may have taken effect. */
export const internalError =
  'An internal error occurred. A request that changes something may have taken effect, so send it again only with the same Idempotency-Key.';
