import { UserError } from '../user-error.ts';

/** `archive-order` or `OrderArchived` as words in lower case. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-')
    .toLowerCase()
    .split('-');
const capitalize = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

export const kebab = (name: string): string => wordsOf(name).join('-');
const pascal = (name: string): string => wordsOf(name).map(capitalize).join('');
export const camel = (name: string): string => {
  const [first = '', ...others] = wordsOf(name);
  return first + others.map(capitalize).join('');
};
/** `archive-order` as the beginning of a sentence: `Archive order`. */
export const sentence = (name: string): string => capitalize(wordsOf(name).join(' '));
export const screamingSnake = (name: string): string => wordsOf(name).join('_').toUpperCase();

/**
 * The names that templates use for a context, and for one of its things: `order` of `orders`, `catalog` of `catalog`.
 */
export function namesOf(context: string) {
  const thing = context.replace(/s$/, '');
  return {
    context,
    Context: pascal(context),
    CONTEXT: screamingSnake(context),
    thing,
    Thing: pascal(thing),
    THING: screamingSnake(thing),
  };
}

/**
 * Words of the language, types that the templates import, and members of the stack that gets a table for each context.
 */
const RESERVED = new Set(
  (
    'aws break case class const continue default delete dependencies enum export function import interface key let new ' +
    'outboxes package return row static switch tags this throw var void yield'
  ).split(' '),
);

/** Checks that a name has the form of its kind, so that it can become a file, a type and a key. */
export function checkName(kind: 'event' | 'route' | 'context', name: string): void {
  const [form, example] = {
    event: [/^([A-Z][a-z0-9]+){2,}$/, 'OrderArchived'] as const,
    route: [/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'archive-order'] as const,
    // The plural, because the singular becomes the name of one thing.
    context: [/^[a-z]{3,19}s$/, 'shipments'] as const,
  }[kind];
  if (!form.test(name) || RESERVED.has(name) || RESERVED.has(namesOf(name).thing))
    throw new UserError(`${name} is not a valid name of a new ${kind}.`, `A valid name is ${example}.`);
}
