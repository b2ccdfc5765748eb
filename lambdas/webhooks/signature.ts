import { createHmac } from 'node:crypto';

const hmac = (key: string, text: string) => createHmac('sha256', key).update(text);

/**
 * Derives the secret of a webhook from the key of the stage. So each webhook has a secret of its own, although the
 * stage stores one key, and no secret reveals the key or another secret.
 */
export const webhookSecret = (key: string, webhookId: string): string =>
  `whsec_${hmac(key, `webhook:${webhookId}`).digest('base64url')}`;

interface Signed {
  readonly body: string;
  readonly timestampS: number;
  /** The valid secrets, the current one first. */
  readonly secrets: readonly string[];
}

/** Returns the signature header: the time, and one signature by each valid secret, so that receivers accept either. */
export const signatureOf = ({ body, timestampS, secrets }: Signed): string =>
  [`t=${timestampS}`, ...secrets.map((secret) => `v1=${hmac(secret, `${timestampS}.${body}`).digest('hex')}`)].join(
    ',',
  );
