import { UserError } from '../user-error.ts';
import { declareIdentifier } from './identifier.ts';
import { camel, kebab, namesOf } from './names.ts';
import type { SourceChanges } from './source-changes.ts';

const SAMPLE_ID = 'bq4x7nd2kzv6m5ahg3jtwcpeyu';

/**
 * Adds an event: its schema and sample, a store that publishes and records it, its consumer with a queue, and a test.
 */
export function addEvent(changes: SourceChanges, context: string, type: string): string[] {
  checkPublisher(changes, context);
  if (changes.filesWith('lib/contexts/*.ts', `'${kebab(type)}'`).length > 0)
    throw new UserError(`There is a queue ${kebab(type)} already.`, 'Choose another name.');
  const names = {
    ...namesOf(context),
    Event: type,
    event: camel(type),
    'event-file': kebab(type),
    sampleId: SAMPLE_ID,
  };
  const file = kebab(type);
  changes.createFromTemplates('event', { ...names, ...declareIdentifier(changes, context) });
  addConsumer(changes, context, type);
  addDryRun(changes, context, type);
  changes.insertBefore(
    `lambdas/${context}/README.md`,
    /\n## Talks to/,
    `- \`${type}\` on \`${file}\` → \`on-${file}.ts\` → records the event once.\n`,
  );
  return [
    `Add the data of the event to events/${context}/${file}.ts and to its sample.`,
    `Call publish${type} of lambdas/${context}/${file}-store.ts, or publish the event with the row that it reports.`,
    `Move on-${file}.ts to the context that needs the event, and let it change that context's rows.`,
    `Describe in lib/contexts/${context}.ts what an error of the consumer means to users.`,
  ];
}

function checkPublisher(changes: SourceChanges, context: string): void {
  const { CONTEXT } = namesOf(context);
  const env = `lambdas/${context}/env.ts`;
  if (!changes.exists(env) || !changes.read(env).includes(`${CONTEXT}_TABLE:`))
    throw new UserError(`${context} has no table, so it cannot publish events.`, 'Choose another context.');
  if (context === 'balances')
    throw new UserError('balances is a read model, whose table the relay does not read.', 'Choose another context.');
}

function addConsumer(changes: SourceChanges, context: string, type: string): void {
  const construct = `lib/contexts/${context}.ts`;
  const { Context, CONTEXT } = namesOf(context);
  changes.addImports(
    construct,
    `import { ${type} } from '../../events/${context}/${kebab(type)}.ts';`,
    `import { EventConsumer } from '../constructs/event-consumer.ts';`,
  );
  changes.insertBefore(
    construct,
    /\n {2}\}\n\}\n$/,
    `
    new EventConsumer(this, '${kebab(type)}', {
      on: [${type}],
      env: ${Context}Env,
      values: { ${CONTEXT}_TABLE: ${context}.name },
      access: [${context}.allows('PutItem')],
      errorImpact: 'Events of the type ${type} are not processed',
    });`,
  );
}

/** Adds the consumer to the dry runs, by which the operator's commands predict the effect of a redrive. */
function addDryRun(changes: SourceChanges, context: string, type: string): void {
  const dryRuns = 'bin/ops/dry-run-consumers.ts';
  changes.addImports(
    dryRuns,
    `import { create${type}Deps, handler as on${type} } from '../../lambdas/${context}/on-${kebab(type)}.ts';`,
  );
  changes.insertBefore(
    dryRuns,
    /\n\};\n\n\/\*\* Predicts/,
    `\n  '${kebab(type)}': (body, { ${context} }) => dryRun(on${type}, create${type}Deps, ${context}, body),`,
  );
}
