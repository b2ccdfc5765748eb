import { execFile } from 'node:child_process';
import { join } from 'node:path';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the CLI as an operator does, each command in a process of its own. */
export class OpsCli {
  readonly #env: NodeJS.ProcessEnv;

  constructor(endpoint: string, stage = 'test', env: NodeJS.ProcessEnv = {}) {
    this.#env = { ...process.env, AWS_ENDPOINT_URL: endpoint, ONCEBOX_STAGE: stage, ...env };
  }

  run(...args: string[]): Promise<CliResult> {
    const script = join(import.meta.dirname, '..', '..', 'bin', 'ops.ts');
    const nodeArgs = ['--disable-warning=ExperimentalWarning', script, ...args];
    return new Promise((resolve) => {
      execFile(process.execPath, nodeArgs, { env: this.#env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });
  }

  /** Runs a command with --json and returns its result. Throws if the command fails. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    if (code !== 0) throw new Error(`ops ${args.join(' ')} exited with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }
}
