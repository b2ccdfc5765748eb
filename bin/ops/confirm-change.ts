import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { UserError } from '../../tools/user-error.ts';
import type { CallerIdentity } from './caller-identity.ts';
import { UsageError } from './usage-error.ts';

interface Change {
  /** The name of the command. */
  readonly command: string;
  readonly stage: string;
  readonly isConfirmed: boolean;
  readonly signal: AbortSignal;
}

interface Ports {
  readonly readCallerIdentity: () => Promise<CallerIdentity>;
  readonly input: Readable & { readonly isTTY?: boolean };
  /** Shows a text beside the output of the command. */
  readonly notify: (text: string) => void;
}

/**
 * Shows which account and region a change of a stage on AWS reaches, and asks for the name of the stage unless the
 * change is confirmed already. Throws if the answer is another one, or if there is no terminal to ask at.
 */
export async function confirmChange({ command, stage, isConfirmed, signal }: Change, ports: Ports): Promise<void> {
  const { account, region, arn } = await ports.readCallerIdentity();
  ports.notify(`Stage ${stage} on AWS: account ${account}, region ${region}, as ${arn}`);
  if (isConfirmed) return;
  if (ports.input.isTTY !== true)
    throw new UsageError(
      `Standard input is no terminal, so ${command} cannot ask before it changes stage ${stage}. ` +
        'Nothing was changed. Add --yes to run it without a question.',
    );
  ports.notify(`${command} changes this stage. Type ${stage} to continue:`);
  const answer = await readLine(ports.input, signal);
  if (answer !== stage && !signal.aborted)
    throw new UserError(`The answer is not ${stage}. Nothing was changed.`, 'Run the command again to be asked again.');
}

/** Reads one line. Returns an empty text if the input ends, or if the signal is aborted by Ctrl-C. */
async function readLine(input: Readable, signal: AbortSignal): Promise<string> {
  // Without `terminal`, the terminal itself edits the line and turns Ctrl-C into the signal that aborts the command.
  const lines = createInterface({ input, terminal: false, signal });
  try {
    for await (const line of lines) return line.trim();
    return '';
  } finally {
    lines.close();
  }
}
