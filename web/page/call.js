// The same routes that anybody may call.

const TRIES = 3;

/** A refusal, with everything that was wrong. */
export class Problem extends Error {
  constructor({ detail, status, errors = [] }) {
    super([detail, ...errors.map(({ path, message }) => `${path}: ${message}`)].join('\n'));
    this.status = status;
  }
}

/**
 * The reply, with its body read. Every press has an Idempotency-Key of its own, and a request that got no answer is
 * sent again under it: what happened already does not happen twice.
 */
export async function ask(method, path, body) {
  const init = { method, headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() } };
  if (body) init.body = JSON.stringify(body);
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(path, init);
      const text = await response.text();
      if (response.ok) return { status: response.status, headers: response.headers, text };
      if (response.status !== 503 || tries === TRIES) throw new Problem(JSON.parse(text));
    } catch (error) {
      if (error instanceof Problem || tries === TRIES) throw error;
    }
  }
}

export const call = async (method, path, body) => JSON.parse((await ask(method, path, body)).text);

/** The same, or nothing where it is not there: that is an answer of its own. */
export async function find(path) {
  try {
    return await call('GET', path);
  } catch (error) {
    if (error.status === 404) return undefined;
    throw error;
  }
}
