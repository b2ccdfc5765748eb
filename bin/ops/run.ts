import { parseArguments } from './arguments.ts';
import { findCommand } from './commands.ts';
import { describeError } from './describe-error.ts';
import { helpOf, overview } from './help.ts';
import { interruption } from './interruption.ts';
import { createPrinter, type Print } from './print.ts';
import { resolveTarget, type Target } from './target.ts';
import { UsageError } from './usage-error.ts';

const DONE = 0;
const FAILED = 1;
const MISUSED = 2;

/** The whole of the CLI; answers what the process ends with. */
export async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // whoever reads us through `| head` has seen enough
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(DONE);
  });
  const print = createPrinter(args.includes('--json'));
  const found = findCommand(args);
  let target: Target | undefined;
  try {
    if (!found) {
      if (args.length > 0 && !asksForHelp(args)) throw new UsageError(unknown(args));
      print.text(overview());
      return args.length > 0 ? DONE : MISUSED;
    }
    const command = await found.load();
    if (asksForHelp(args)) {
      print.text(helpOf(found.name, found.summary, command));
      return DONE;
    }
    const { values, positionals, stage } = parseArguments(found.name, command, args.slice(found.words), env);
    target = await resolveTarget(stage);
    const interrupted = interruption();
    const code = await command.run({ values, positionals, target, print, signal: interrupted.signal });
    return interrupted.signal.aborted ? interrupted.code : (code ?? DONE);
  } catch (error) {
    return report(error, found?.name, target, print, args.includes('--debug'));
  }
}

const asksForHelp = (args: readonly string[]): boolean => args.includes('--help') || args.includes('-h');

function unknown(args: readonly string[]): string {
  const words = args.filter((word) => !word.startsWith('-'));
  return words.length > 0 ? `There is no command "${words.slice(0, 2).join(' ')}".` : 'A command is missing.';
}

/** One clear line and a way out; the stack is for those who ask for it. */
function report(
  error: unknown,
  name: string | undefined,
  target: Target | undefined,
  print: Print,
  debug: boolean,
): number {
  if (error instanceof UsageError) {
    print.error(error.message, ['npm run ops --', name, '--help'].filter(Boolean).join(' '));
    if (debug) print.stack(error);
    return MISUSED;
  }
  const { problem, remedy } = describeError(error, target);
  print.error(problem, remedy);
  if (debug) print.stack(error);
  return FAILED;
}
