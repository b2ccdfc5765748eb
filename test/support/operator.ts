import { execFile } from 'node:child_process';
import { join } from 'node:path';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly trouble: string;
}

/** The CLI as an operator calls it, each time in a process of its own. */
export class Operator {
  readonly #env: NodeJS.ProcessEnv;

  constructor(endpoint: string, stage = 'test') {
    this.#env = { ...process.env, AWS_ENDPOINT_URL: endpoint, ONCEBOX_STAGE: stage };
  }

  call(...args: string[]): Promise<Ended> {
    const cli = join(import.meta.dirname, '..', '..', 'bin', 'ops.ts');
    const call = ['--disable-warning=ExperimentalWarning', cli, ...args];
    return new Promise((done) => {
      execFile(process.execPath, call, { env: this.#env, maxBuffer: 64 * 1024 * 1024 }, (error, out, trouble) =>
        done({ code: typeof error?.code === 'number' ? error.code : 0, out, trouble }),
      );
    });
  }

  /** What a call answers to a program. */
  async told<T>(...args: string[]): Promise<T> {
    const { code, out, trouble } = await this.call(...args, '--json');
    if (code !== 0) throw new Error(`ops ${args.join(' ')} ended with ${code}: ${trouble}`);
    return JSON.parse(out) as T;
  }
}
