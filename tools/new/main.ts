/**
 * Adds an event, a route or a context to the source tree, so that `npm run check` passes right after:
 *
 *     npm run new -- event orders OrderArchived
 *     npm run new -- route orders archive-order ["POST /orders/{id}/archive"]
 *     npm run new -- context shipments
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printError, UserError } from '../user-error.ts';
import { addContext } from './context.ts';
import { addEvent } from './event.ts';
import { checkName, screamingSnake } from './names.ts';
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
    if (isContext(first)) throw new UserError(`The context ${first} exists already.`, 'Choose another name.');
    return addContext(changes, first);
  }
  if (rest.length > 0 || !first || !second || (kind !== 'event' && kind !== 'route'))
    throw new UserError('The arguments are not complete, or there are too many.', USAGE);
  if (!isContext(first))
    throw new UserError(`There is no context ${first}.`, `Create it by "npm run new -- context ${first}".`);
  checkName(kind, second);
  return kind === 'event' ? addEvent(changes, first, second) : addRoute(changes, first, second, third);
}

/** A context has a table of its own, which its environment names. */
function isContext(name: string): boolean {
  const file = join(root, 'lambdas', name, 'env.ts');
  return existsSync(file) && readFileSync(file, 'utf8').includes(`${screamingSnake(name)}_TABLE:`);
}

try {
  const changes = new SourceChanges(root);
  const nextSteps = plan(process.argv.slice(2), changes);
  changes.write();
  const biome = join(root, 'node_modules', '.bin', 'biome');
  execFileSync(biome, ['check', '--write', '--log-level=error', ...changes.files], { cwd: root, stdio: 'inherit' });
  execFileSync(process.execPath, ['bin/openapi.ts'], { cwd: root, stdio: 'inherit' });
  console.log(changes.files.map((file) => `  ${file}`).join('\n'));
  console.log(`\nNext steps:\n${nextSteps.map((step) => `- ${step}`).join('\n')}\n- Run \`npm run check\`.`);
} catch (error) {
  printError(error);
  process.exitCode = 1;
}
