import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../localstack/ports.ts';
import { root } from '../../localstack/settings.ts';
import { poll } from './poll.ts';

/** `npm start` on a laptop of its own: other ports, another data folder, and processes that can be killed. */
export class LocalInstance {
  readonly url: string;
  readonly endpoint: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'oncebox-laptop-'));
  readonly #env: NodeJS.ProcessEnv;
  #running: ChildProcess | undefined;
  #said = '';

  private constructor(port: number, enginePort: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.endpoint = `http://127.0.0.1:${enginePort}`;
    this.#env = {
      ...process.env,
      ONCEBOX_STAGE: 'test',
      ONCEBOX_PORT: String(port),
      ONCEBOX_ENGINE_PORT: String(enginePort),
      ONCEBOX_DATA_DIR: this.#folder,
    };
  }

  static async create(): Promise<LocalInstance> {
    return new LocalInstance(await freePort(), await freePort());
  }

  /** Until it says that it is up. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['localstack/start.mjs'], { cwd: root, env: this.#env, detached: true });
    this.#running = child;
    this.#said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        this.#said += text;
      });
    await poll(
      async () => ({ said: this.#said, ended: child.exitCode }),
      ({ said, ended }) => said.includes('Oncebox is up at') || ended !== null,
      180_000,
    );
    if (child.exitCode !== null) throw new Error(`npm start ended: ${this.#said}`);
  }

  /** When the engine last put its state on disk, in ms since the epoch; 0 before the first time. */
  async savedAt(): Promise<number> {
    const text = read(join(this.#folder, 'test', 'state', 'current', 'saved-at'));
    return text === '' ? 0 : Number(text) * 1000;
  }

  /** As by a power cut: everything is gone at once, and nobody could save anything. */
  async killAll(): Promise<void> {
    for (const pid of this.processes()) kill(pid);
    await this.#gone();
  }

  /** As by Ctrl-C; answers what is still running afterwards. */
  async stop(): Promise<number[]> {
    const child = this.#running;
    if (!child?.pid) return [];
    process.kill(child.pid, 'SIGINT');
    await poll(
      async () => child.exitCode ?? child.signalCode,
      (ended) => ended !== null,
    );
    return this.processes();
  }

  /** Every process that bears this laptop's data folder in its command or environment. */
  processes(): number[] {
    const bears = (pid: string) =>
      ['cmdline', 'environ'].some((file) => read(`/proc/${pid}/${file}`).includes(this.#folder));
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && bears(name))
      .map(Number);
  }

  async remove(): Promise<void> {
    await this.killAll();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #gone(): Promise<void> {
    await poll(
      async () => this.processes(),
      (left) => left.length === 0,
    );
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A process may end while we look. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
