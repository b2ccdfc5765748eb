import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Deployment, engineEnv, root } from './settings.ts';

const run = promisify(execFile);

// The relay may not have read what was written right before the save. A duplicate is harmless, a missing event is not.
const MARGIN_MS = 60_000;

/** Sends the latest outbox records again, because the engine loses its streams, and the records in them, at every stop. */
export async function resendOutbox({ endpoint, stage }: Deployment, stateSavedAt: Date): Promise<void> {
  const from = new Date(stateSavedAt.getTime() - MARGIN_MS).toISOString();
  const command = [join(root, 'bin', 'ops.ts'), 'outbox', 'resend', '--from', from, '--stage', stage];
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', ...command], {
    cwd: root,
    env: { ...process.env, ...engineEnv(endpoint), ONCEBOX_STAGE: stage },
  });
}
