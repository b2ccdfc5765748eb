import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../user-error.ts';

/** New files and insertions into existing ones. They are collected and written together, and can be undone. */
export class SourceChanges {
  readonly #root: string;
  readonly #texts = new Map<string, string>();
  readonly #before = new Map<string, string | undefined>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The paths of all new and changed files. */
  get files(): string[] {
    return [...this.#texts.keys()];
  }

  exists(file: string): boolean {
    return existsSync(join(this.#root, file));
  }

  read(file: string): string {
    const changed = this.#texts.get(file);
    if (changed !== undefined) return changed;
    if (!this.exists(file)) throw new UserError(`There is no file ${file}.`, 'Restore it. Nothing was changed.');
    return readFileSync(join(this.#root, file), 'utf8');
  }

  create(file: string, text: string): void {
    if (this.exists(file)) throw new UserError(`${file} exists already.`, 'Choose another name.');
    this.#texts.set(file, text);
  }

  /** Creates a file from each template of a folder. `{{name}}` stands for a value in paths and in texts. */
  createFromTemplates(folder: string, values: Readonly<Record<string, string>>): void {
    const fill = (text: string): string =>
      text.replaceAll(/\{\{([\w-]+)\}\}/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`the templates of ${folder} name {{${name}}}, which has no value`);
        return value;
      });
    const source = join(import.meta.dirname, 'templates', folder);
    for (const template of globSync('**/*.txt', { cwd: source }))
      this.create(fill(template).replace(/\.txt$/, ''), fill(readFileSync(join(source, template), 'utf8')));
  }

  /** Finds the files that match a pattern and contain a text. */
  filesWith(pattern: string, text: string): string[] {
    return globSync(pattern, { cwd: this.#root }).filter((file) => this.read(file).includes(text));
  }

  append(file: string, text: string): void {
    this.#texts.set(file, this.read(file) + text);
  }

  /** Inserts text before the first match of a pattern. */
  insertBefore(file: string, pattern: RegExp, text: string): void {
    const { before, match, after } = this.#find(file, pattern);
    this.#texts.set(file, before + text + match + after);
  }

  /** Inserts text after the first match of a pattern. */
  insertAfter(file: string, pattern: RegExp, text: string): void {
    const { before, match, after } = this.#find(file, pattern);
    this.#texts.set(file, before + match + text + after);
  }

  /** Adds import statements at the beginning. The formatter sorts them. */
  addImports(file: string, ...statements: string[]): void {
    const text = this.read(file);
    const missing = statements.filter((statement) => !text.includes(statement));
    this.insertBefore(file, /^import /m, missing.map((statement) => `${statement}\n`).join(''));
  }

  write(): void {
    for (const [file, text] of this.#texts) {
      this.#before.set(file, this.exists(file) ? readFileSync(join(this.#root, file), 'utf8') : undefined);
      mkdirSync(dirname(join(this.#root, file)), { recursive: true });
      writeFileSync(join(this.#root, file), text);
    }
  }

  /** Restores the files as they were before `write`. */
  undo(): void {
    for (const [file, text] of this.#before) {
      if (text === undefined) rmSync(join(this.#root, file), { force: true });
      else writeFileSync(join(this.#root, file), text);
    }
  }

  #find(file: string, pattern: RegExp): { before: string; match: string; after: string } {
    const text = this.read(file);
    const match = pattern.exec(text);
    if (!match)
      throw new UserError(
        `${file} has no line that matches ${pattern}.`,
        'Nothing was changed. Restore the form of that line.',
      );
    const end = match.index + match[0].length;
    return { before: text.slice(0, match.index), match: match[0], after: text.slice(end) };
  }
}
