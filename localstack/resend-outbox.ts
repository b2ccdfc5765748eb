import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { engineEnv, root } from './settings.ts';

const run = promisify(execFile);

// What was written right before the save may not have passed the relay yet; a duplicate does no harm, a gap would.
const MARGIN_MS = 60_000;

/** Sends the last outbox records again: the engine forgets its streams at every stop, and what was under way in them. */
export async function resendOutbox(endpoint: string, stage: string, stateFrom: Date): Promise<void> {
  const cli = join(root, 'bin', 'ops.ts');
  const from = new Date(stateFrom.getTime() - MARGIN_MS).toISOString();
  await run(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', cli, 'outbox', 'resend', '--from', from, '--stage', stage],
    {
      cwd: root,
      env: { ...process.env, ...engineEnv(endpoint), ONCEBOX_STAGE: stage },
    },
  );
}
