import { STATUS_CODES } from 'node:http';

/** The titles of HTTP statuses by RFC 9110, for every problem document. Node still has two titles of older RFCs. */
export const statusTitles: Readonly<Record<number, string | undefined>> = {
  ...STATUS_CODES,
  413: 'Content Too Large',
  422: 'Unprocessable Content',
};
