/**
 * Adds an event, a route or a context to the source tree, so that `npm run check` passes right after:
 *
 *     npm run new -- event orders OrderArchived
 *     npm run new -- route orders archive-order ["POST /orders/{id}/archive"]
 *     npm run new -- context shipments
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printError, UserError } from '../user-error.ts';
import { addContext } from './context.ts';
import { addEvent } from './event.ts';
import { checkName } from './names.ts';
import { addRoute } from './route.ts';
import { SourceChanges } from './source-changes.ts';

const USAGE = `npm run new -- event <context> <EventName>
  npm run new -- route <context> <route-name> ["METHOD /path/{id}"]
  npm run new -- context <name>`;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Returns the changes that the arguments ask for, and the steps that are left to the developer. */
function plan(args: readonly string[], changes: SourceChanges): string[] {
  const [kind, first, second, third, ...rest] = args;
  if (rest.length === 0 && kind === 'context' && first && second === undefined) {
    checkName('context', first);
    if (isContext(first, changes)) throw new UserError(`The context ${first} exists already.`, 'Choose another name.');
    return addContext(changes, first);
  }
  if (rest.length > 0 || !first || !second || (kind !== 'event' && kind !== 'route'))
    throw new UserError('The arguments are not complete, or there are too many.', USAGE);
  if (!isContext(first, changes))
    throw new UserError(`There is no context ${first}.`, `Create it by "npm run new -- context ${first}".`);
  checkName(kind, second);
  if (kind === 'route') return addRoute(changes, first, second, third);
  if (third !== undefined) throw new UserError('There are too many arguments.', USAGE);
  return addEvent(changes, first, second);
}

const isContext = (name: string, changes: SourceChanges): boolean =>
  /^[a-z]+$/.test(name) && changes.exists(`lib/contexts/${name}.ts`);

/** The documents that are generated from the code, and the kinds of additions that change them. */
const documents = [
  { file: 'docs/openapi.json', generator: 'bin/openapi.ts', changedBy: ['route', 'context'] },
  { file: 'docs/security.md', generator: 'bin/permissions.ts', changedBy: ['event', 'context'] },
];

/** Formats the new files, writes the generated documents and records new events. Undoes the changes if this fails. */
function complete(changes: SourceChanges, kind: string): void {
  const biome = join(root, 'node_modules', '.bin', 'biome');
  const changed = documents
    .filter(({ changedBy }) => changedBy.includes(kind))
    .map(({ file, generator }) => ({ generator, path: join(root, file), before: readFileSync(join(root, file)) }));
  try {
    changes.write();
    execFileSync(biome, ['check', '--write', '--log-level=error', ...changes.files], { cwd: root, stdio: 'pipe' });
    for (const { generator } of changed) execFileSync(process.execPath, [generator], { cwd: root, stdio: 'pipe' });
    // This command is the last one, because it writes nothing if it fails.
    execFileSync(process.execPath, ['tools/events/record.ts'], { cwd: root, stdio: 'pipe' });
  } catch (error) {
    changes.undo();
    for (const { path, before } of changed) writeFileSync(path, before);
    // The message contains the command and what it printed.
    const { message } = error as Error;
    throw new UserError(
      `The new files could not be completed. Nothing was changed.\n${message}`,
      'Choose another name, or correct the error above.',
    );
  }
}

try {
  const changes = new SourceChanges(root);
  const nextSteps = plan(process.argv.slice(2), changes);
  complete(changes, process.argv[2] ?? '');
  console.log(changes.files.map((file) => `  ${file}`).join('\n'));
  console.log(`\nNext steps:\n${nextSteps.map((step) => `- ${step}`).join('\n')}\n- Run \`npm run check\`.`);
} catch (error) {
  printError(error);
  process.exitCode = 1;
}
