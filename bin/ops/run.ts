import { parseArguments } from './arguments.ts';
import { findCommand } from './commands.ts';
import { confirmChange } from './confirm-change.ts';
import { describeError } from './describe-error.ts';
import { commandHelp, generalHelp } from './help.ts';
import { listenForInterrupts } from './interruption.ts';
import { createPrinter, type Printer } from './print.ts';
import { resolveTarget, type Target } from './target.ts';
import { UsageError } from './usage-error.ts';

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs one command line and returns the exit code of the process. */
export async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // A reader such as `| head` closes the pipe when it has read enough. That is a normal end.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT_OK);
  });
  const print = createPrinter(args.includes('--json'));
  const entry = findCommand(args);
  let target: Target | undefined;
  try {
    if (!entry) {
      if (args.length > 0 && !asksForHelp(args)) throw new UsageError(describeUnknownCommand(args));
      print.text(generalHelp());
      return args.length > 0 ? EXIT_OK : EXIT_USAGE;
    }
    const command = await entry.load();
    if (asksForHelp(args)) {
      print.text(commandHelp(entry, command));
      return EXIT_OK;
    }
    const { values, positionals, stage } = parseArguments(entry.name, command, args.slice(entry.wordCount), env);
    target = await resolveTarget(stage);
    const interrupt = listenForInterrupts();
    if (entry.effect === 'writes' && target.onAws && values['dry-run'] !== true)
      await confirmChange(
        { command: entry.name, stage, isConfirmed: values['yes'] === true, signal: interrupt.signal },
        { readCallerIdentity, input: process.stdin, notify: print.notice },
      );
    if (interrupt.signal.aborted) return interrupt.exitCode;
    const code = await command.run({ values, positionals, target, print, signal: interrupt.signal });
    return interrupt.signal.aborted ? interrupt.exitCode : (code ?? EXIT_OK);
  } catch (error) {
    const code = reportError(error, entry?.name, target, print);
    if (args.includes('--debug')) print.stack(error);
    return code;
  }
}

/** Loads the SDK client that it needs only when it is called. */
const readCallerIdentity = async () => (await import('./caller-identity.ts')).readCallerIdentity();

const asksForHelp = (args: readonly string[]): boolean => args.includes('--help') || args.includes('-h');

function describeUnknownCommand(args: readonly string[]): string {
  const words = args.filter((word) => !word.startsWith('-'));
  return words.length > 0 ? `There is no command "${words.slice(0, 2).join(' ')}".` : 'The command is missing.';
}

function reportError(error: unknown, name: string | undefined, target: Target | undefined, print: Printer): number {
  if (error instanceof UsageError) {
    print.error(error.message, ['npm run ops --', name, '--help'].filter(Boolean).join(' '));
    return EXIT_USAGE;
  }
  const { problem, remedy } = describeError(error, target);
  print.error(problem, remedy);
  return EXIT_FAILED;
}
