import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NOT_COPIED = new Set(['.git', '.oncebox', 'cdk.out', 'coverage', 'dist', 'node_modules']);
const run = promisify(execFile);

/** A copy of the source tree, so that a command that changes sources changes nothing of this one. */
export class SourceCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'oncebox-copy-'));

  constructor() {
    cpSync(root, this.#folder, { recursive: true, filter: (source) => !NOT_COPIED.has(basename(source)) });
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  /** Runs Node in the copy. An error of the command contains its output. */
  async node(...args: string[]): Promise<{ stdout: string }> {
    try {
      return await run(process.execPath, args, { cwd: this.#folder, env: { ...process.env, NO_COLOR: '1' } });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${args.join(' ')} failed:\n${stdout}${stderr}`);
    }
  }

  /** Changes the text of a file. */
  edit(file: string, change: (text: string) => string): void {
    const path = join(this.#folder, file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  }

  /** Returns the differences to this source tree, as `diff` prints them: an empty text if there are none. */
  async differences(): Promise<string> {
    const excluded = [...NOT_COPIED].map((name) => `--exclude=${name}`);
    const output = run('diff', ['-r', ...excluded, root, this.#folder]);
    // `diff` exits with 1 if there are differences.
    const { stdout } = await output.catch((error: unknown) => error as { stdout: string });
    return stdout;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
