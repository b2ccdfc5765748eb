import { UserError } from '../user-error.ts';

/** A change of one file that breaks a guarantee, and the test that must fail because of it. */
export interface PlantedBug {
  /** What is wrong, in a few words. The name is unique. */
  readonly name: string;
  readonly file: string;
  /** The text that is replaced. It occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** What would happen in production. */
  readonly consequence: string;
  /** The test that must fail. */
  readonly caughtBy: TestReference;
}

/** The file of a test, and its title or a part of it, as it stands in the file. */
export type TestReference = readonly [file: string, title: string];

/** The bugs of one file. */
export const bugsIn = (file: string, bugs: readonly Omit<PlantedBug, 'file'>[]): PlantedBug[] =>
  bugs.map((bug) => ({ ...bug, file }));

/** Returns the text of the file with the bug. Throws if the text to replace does not occur exactly once. */
export function plant(text: string, { name, file, find, replace }: PlantedBug): string {
  const [before, after, ...rest] = text.split(find);
  if (before === undefined || after === undefined || rest.length > 0)
    throw new UserError(
      `The text of the planted bug "${name}" does not occur exactly once in ${file}.`,
      'The file has changed. Correct the text in tools/mutate/planted/, or delete the bug if it is no longer possible.',
    );
  return before + replace + after;
}
