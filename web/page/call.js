// Calls the public routes of the API, as any other client would.

const MAX_ATTEMPTS = 3;
/** The request did not finish, or may have taken effect without a response. */
const UNFINISHED = [502, 503, 504];

/** An error response (RFC 9457), with all errors of the request in its message. */
export class Problem extends Error {
  constructor({ detail, status, errors = [] }) {
    super([detail, ...errors.map(({ path, message }) => `${path}: ${message}`)].join('\n'));
    this.status = status;
  }
}

/**
 * Sends a request and returns the response with its body as text. Each call has an Idempotency-Key of its own. A request
 * that got no response, or did not finish, is sent again under the same key, so that an effect that has happened does
 * not happen again.
 */
export async function send(method, path, body) {
  const init = { method, headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() } };
  if (body) init.body = JSON.stringify(body);
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(path, init);
      const text = await response.text();
      if (response.ok) return { status: response.status, headers: response.headers, text };
      if (!UNFINISHED.includes(response.status) || attempt === MAX_ATTEMPTS) throw new Problem(JSON.parse(text));
    } catch (error) {
      if (error instanceof Problem || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

export const call = async (method, path, body) => JSON.parse((await send(method, path, body)).text);

/** Reads a resource, or returns nothing if it does not exist. */
export async function find(path) {
  try {
    return await call('GET', path);
  } catch (error) {
    if (error.status === 404) return undefined;
    throw error;
  }
}
