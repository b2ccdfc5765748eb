import { createSecretReader } from '../../lambdas/shared/runtime/rotating-secret.ts';
import { webhookSecret } from '../../lambdas/webhooks/signature.ts';
import { defineCommand } from './command.ts';
import { columns } from './print.ts';
import { openTables } from './tables.ts';
import { readWebhookRow } from './webhook-access.ts';
import { findKeysArn } from './webhook-key.ts';

export default defineCommand({
  positionals: { usage: '<webhook id>', min: 1, max: 1 },
  details:
    'Each delivery is signed by the current and by the previous secret. After a rotation, give the receiver the\n' +
    'current one before the next rotation. The output is secret: do not paste it into tickets or chats.',
  examples: ['webhooks secret 2fbqq5v4mxz3hsd7k6yaw4tcni'],
  run: async ({ positionals: [id = ''], target, print }) => {
    await readWebhookRow(openTables(target).webhooks, id);
    const [current, previous] = await createSecretReader(await findKeysArn(target), 1)();
    const secrets = {
      current: webhookSecret(current, id),
      previous: previous === undefined ? null : webhookSecret(previous, id),
    };
    print.result(secrets, () =>
      columns(Object.entries(secrets).map(([name, secret]) => [name, secret ?? 'none yet'])).join('\n'),
    );
  },
});
