import { execFile } from 'node:child_process';
import { join } from 'node:path';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The CLI as an operator calls it, each time in a process of its own. */
export class OpsCli {
  readonly #env: NodeJS.ProcessEnv;

  constructor(endpoint: string, stage = 'test') {
    this.#env = { ...process.env, AWS_ENDPOINT_URL: endpoint, ONCEBOX_STAGE: stage };
  }

  run(...args: string[]): Promise<CliResult> {
    const cli = join(import.meta.dirname, '..', '..', 'bin', 'ops.ts');
    const call = ['--disable-warning=ExperimentalWarning', cli, ...args];
    return new Promise((done) => {
      execFile(process.execPath, call, { env: this.#env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
        done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });
  }

  /** What a call answers to a program. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    if (code !== 0) throw new Error(`ops ${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }
}
