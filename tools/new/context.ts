import { declareIdentifier } from './identifier.ts';
import { namesOf } from './names.ts';
import { addSummaries } from './route.ts';
import type { SourceChanges } from './source-changes.ts';

/** Adds a context with a table, a stack, and an API with two routes: one creates a thing idempotently, one shows it. */
export function addContext(changes: SourceChanges, context: string): string[] {
  const { thing, Thing } = namesOf(context);
  changes.createFromTemplates('context', { ...namesOf(context), ...declareIdentifier(changes, context) });
  register(changes, context, thing);
  return [
    `Give a ${thing} its fields: lambdas/${context}/${thing}.ts, ${thing}-row.ts and create-${thing}.ts.`,
    `Describe the context in lambdas/${context}/README.md, and what an error means to users in lib/contexts/${context}.ts.`,
    `Add its first event by \`npm run new -- event ${context} ${Thing}Created\`.`,
    'Add the context to the picture and the tables of docs/architecture.md.',
  ];
}

/** Adds the context to the lists of the app: data, stacks, routes, the OpenAPI document and the pure files. */
function register(changes: SourceChanges, context: string, thing: string): void {
  const { Context, Thing } = namesOf(context);
  changes.insertBefore(
    'lib/data.ts',
    /\n\n {2}constructor\(app: Construct/,
    `
  // Renaming loses all ${context}.
  readonly ${context} = new OutboxTable(this, '${Context}', { config: this.config });`,
  );

  changes.addImports('lib/platform.ts', `import { ${Context} } from './contexts/${context}.ts';`);
  changes.insertBefore(
    'lib/platform.ts',
    /\n {4}const ops = add\(/,
    `
    add('${context}', '${context}', afterRelay, (stack) => new ${Context}(stack, config, data.${context}));`,
  );

  changes.addImports('lib/routes.ts', `import { ${context}Routes } from '../lambdas/${context}/routes.ts';`);
  changes.insertBefore('lib/routes.ts', /\n\} as const;/, `\n  ...${context}Routes,`);

  changes.addImports('bin/openapi.ts', `import { handler as ${context} } from '../lambdas/${context}/api.ts';`);
  changes.insertAfter('bin/openapi.ts', /const apis = \[\s*/, `${context}, `);
  addSummaries(changes, { [`create${Thing}`]: `Create a ${thing}`, [`show${Thing}`]: `Show a ${thing}` });

  changes.insertAfter('bin/ops/tables.ts', /'documents'(?=\] as const;)/, `, '${context}'`);

  const pureFiles = 'test/contracts/boundaries.test.ts';
  changes.insertBefore(pureFiles, /\n {2}'lambdas\/tickets\/ticket\.ts',/, `\n  'lambdas/${context}/${thing}.ts',`);
}
