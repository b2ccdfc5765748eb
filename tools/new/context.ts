import { UserError } from '../user-error.ts';
import { declareIdentifier } from './identifier.ts';
import { namesOf } from './names.ts';
import { addSummaries } from './route.ts';
import type { SourceChanges } from './source-changes.ts';

/** Adds a context with a table, a stack, and an API with two routes: one creates a thing idempotently, one shows it. */
export function addContext(changes: SourceChanges, context: string): string[] {
  const { thing, Thing } = namesOf(context);
  checkUndeclared(changes, context);
  changes.createFromTemplates('context', { ...namesOf(context), ...declareIdentifier(changes, context) });
  register(changes, context, thing);
  return [
    `Give a ${thing} its fields: lambdas/${context}/${thing}.ts, ${thing}-row.ts and create-${thing}.ts.`,
    `Describe the context in lambdas/${context}/README.md, and what an error means to users in lib/contexts/${context}.ts.`,
    `Add its first event by \`npm run new -- event ${context} ${Thing}Created\`.`,
    'Add the context to the picture and the tables of docs/architecture.md.',
  ];
}

/** Rejects a name that one of the app's files declares already and would also import from the new context. */
function checkUndeclared(changes: SourceChanges, context: string): void {
  const imports = { 'bin/openapi.ts': context, 'lib/platform.ts': namesOf(context).Context };
  for (const [file, name] of Object.entries(imports))
    if (new RegExp(`\\b(const|let|function|class) ${name}\\b`).test(changes.read(file)))
      throw new UserError(`${file} declares ${name} already.`, 'Choose another name.');
}

/**
 * Adds the context to the lists of the app: data, stacks, routes, the OpenAPI document, the tables of the operator's
 * commands, and the pure files.
 */
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

  changes.insertAfter('bin/ops/tables.ts', /const contexts = \[\s*/, `'${context}', `);

  const pureFiles = 'test/contracts/boundaries.test.ts';
  changes.insertBefore(pureFiles, /\n {2}'lambdas\/tickets\/ticket\.ts',/, `\n  'lambdas/${context}/${thing}.ts',`);
}
