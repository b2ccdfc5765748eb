import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../localstack/ports.ts';
import { root } from '../../localstack/settings.ts';
import { poll } from './poll.ts';

/** Runs `npm start` on free ports and with a data folder of its own, so that its processes can be killed. */
export class LocalInstance {
  readonly url: string;
  readonly endpoint: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'oncebox-instance-'));
  readonly #env: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;
  #output = '';

  private constructor(port: number, enginePort: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.endpoint = `http://127.0.0.1:${enginePort}`;
    this.#env = {
      ...process.env,
      ONCEBOX_STAGE: 'test',
      ONCEBOX_PORT: String(port),
      ONCEBOX_ENGINE_PORT: String(enginePort),
      ONCEBOX_DATA_DIR: this.#folder,
      // Most tests need no bulk updates, which would change rows while a test reads the whole table.
      ONCEBOX_SAMPLE_USERS: '0',
      ONCEBOX_IAM: 'on',
    };
  }

  /** Creates an instance with a free port for the page, and for its engine too if no port is given. */
  static async create(enginePort?: number): Promise<LocalInstance> {
    return new LocalInstance(await freePort(), enginePort ?? (await freePort()));
  }

  /** Starts the instance and resolves when it prints that it runs. */
  async start(settings: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<void> {
    const options = { cwd: root, env: { ...this.#env, ...settings }, detached: true };
    const child = spawn(process.execPath, ['localstack/start.mjs', ...args], options);
    this.#process = child;
    this.#output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        this.#output += text;
      });
    await poll(
      async () => ({ output: this.#output, exitCode: child.exitCode }),
      ({ output, exitCode }) => output.includes('Oncebox runs at') || exitCode !== null,
      180_000,
    );
    if (child.exitCode !== null) throw new Error(`npm start exited: ${this.#output}`);
  }

  /** Returns when the engine last saved its state, in ms since the epoch; 0 before the first time. */
  async savedAt(): Promise<number> {
    const text = read(join(this.#folder, 'test', 'state', 'current', 'saved-at'));
    return text === '' ? 0 : Number(text) * 1000;
  }

  /** Kills all processes at once, as a power failure would, so that none of them can save anything. */
  async killAll(): Promise<void> {
    for (const pid of this.processes()) kill(pid);
    await poll(
      async () => this.processes(),
      (pids) => pids.length === 0,
    );
  }

  /** Stops the instance as Ctrl-C would, and returns the processes that still run afterwards. */
  async stop(): Promise<number[]> {
    const child = this.#process;
    if (!child?.pid) return [];
    process.kill(child.pid, 'SIGINT');
    await poll(
      async () => child.exitCode ?? child.signalCode,
      (status) => status !== null,
    );
    return this.processes();
  }

  /** Returns every process that has the data folder of this instance in its command or environment. */
  processes(): number[] {
    const isOwn = (pid: string) =>
      ['cmdline', 'environ'].some((file) => read(`/proc/${pid}/${file}`).includes(this.#folder));
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && isOwn(name))
      .map(Number);
  }

  async remove(): Promise<void> {
    await this.killAll();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Returns the text of a file, or an empty text if it is missing: a process may end while its files are read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
