import { namesOf } from './names.ts';
import type { SourceChanges } from './source-changes.ts';

const IDS = 'events/ids.ts';

/** Returns the id of a context as templates name it, and declares its schema if events/ids.ts does not have it. */
export function declareIdentifier(changes: SourceChanges, context: string): { Id: string; field: string } {
  const { thing, Thing } = namesOf(context);
  const Id = `${Thing}Id`;
  if (!changes.read(IDS).includes(`export const ${Id} `))
    changes.append(
      IDS,
      `
/** The id of a ${thing}: 26 characters, derived from a request or random. */
export const ${Id} = z.string().check(z.regex(/^[a-z2-7]{26}$/, 'must have 26 characters of a-z and 2-7'));
`,
    );
  return { Id, field: `${thing}_id` };
}
