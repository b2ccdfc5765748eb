import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { step } from '../tools/progress.ts';
import { UserError } from '../tools/user-error.ts';
import { readJson, remove, runCommand, writeJson } from './processes.ts';

export type EnginePython = { command: string; pythonPath: string | undefined };

/** The embedded engine cannot be installed on this machine. Another engine may run. */
export class PythonUnavailable extends UserError {}

const requirements = join(import.meta.dirname, 'requirements.txt');
const MIN_VERSION = [3, 10] as const;
const NO_PYTHON = 'no Python 3.10 or newer';
const INDEX_UNREACHABLE = 'the package index cannot be reached';
const NETWORK_ERROR =
  /ConnectionError|NewConnectionError|Temporary failure in name resolution|Name or service not known|Connection refused|dns error|timed out|ConnectTimeout/i;

/** Installs the engine's packages into a folder of their own, once for each set of pinned versions. */
export async function preparePython(dataDir: string, requested: string | undefined): Promise<EnginePython> {
  const pins = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const recordPath = join(dataDir, 'python.json');
  const installed = readJson<EnginePython & { pins: string }>(recordPath);
  if (installed && installed.pins === pins && (await works(installed))) return installed;
  remove(recordPath);
  remove(join(dataDir, 'python'));
  mkdirSync(dataDir, { recursive: true });
  const python = await step('Install the embedded engine (MiniStack)', () =>
    install(join(dataDir, 'python'), requested),
  );
  writeJson(recordPath, { ...python, pins });
  return python;
}

/** Tries several installers, since a plain Debian has Python without venv, and some machines have only uv. */
async function install(folder: string, requested: string | undefined): Promise<EnginePython> {
  const system = await findPython(requested);
  const venv: EnginePython = { command: join(folder, 'bin', 'python'), pythonPath: undefined };
  const uvPip = ['uv', 'pip', 'install', '--quiet', '--no-deps', '--python', venv.command, '-r', requirements];
  const withVenv = (python: string) => runAll(venv, [python, '-m', 'venv', folder], [venv.command, ...pipInstall]);
  const withPip = (python: string) =>
    runAll({ command: python, pythonPath: folder }, [python, ...pipInstall, '--target', folder]);
  const installers = {
    venv: async () => (system ? withVenv(system) : NO_PYTHON),
    'pip --target': async () => (system ? withPip(system) : NO_PYTHON),
    uv: () => runAll(venv, ['uv', 'venv', '--quiet', '--python', '>=3.10', folder], uvPip),
  };
  const failures: string[] = [];
  for (const [name, run] of Object.entries(installers)) {
    remove(folder);
    const result = await run();
    if (typeof result !== 'string') return result;
    failures.push(`${name}: ${result}`);
    if (result === INDEX_UNREACHABLE) {
      throw new UserError(
        'The Python package index cannot be reached.',
        'Check the network or `pip config list`, then start again.',
      );
    }
    console.log(`  … ${name} failed: ${result}`);
  }
  throw new PythonUnavailable(
    system ? `The Python packages cannot be installed (${failures.join('; ')}).` : 'Python 3.10 or newer is missing.',
    'Install python3 with python3-venv, or uv; or start with Docker: npm start -- --engine localstack',
  );
}

async function findPython(requested: string | undefined): Promise<string | undefined> {
  const names = requested
    ? [requested]
    : ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
  for (const name of names) {
    const { code, output } = await runCommand(name, ['-c', 'import sys; print(*sys.version_info[:2])']);
    if (code !== 0) continue;
    const [major = 0, minor = 0] = output.trim().split(' ').map(Number);
    if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return name;
    if (requested)
      throw new UserError(`${requested} is Python ${major}.${minor}.`, 'The engine needs Python 3.10 or newer.');
  }
  return undefined;
}

const pipInstall = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps', '-r', requirements];

/** Runs the commands of an installer in order. Returns the Python that they have prepared, or why one failed. */
async function runAll(python: EnginePython, ...commands: readonly string[][]): Promise<EnginePython | string> {
  for (const [command = '', ...args] of commands) {
    const { code, output } = await runCommand(command, args);
    if (code !== 0) return summarize(output);
  }
  return python;
}

async function works(python: EnginePython): Promise<boolean> {
  if (python.pythonPath && !existsSync(python.pythonPath)) return false;
  const env = { ...process.env, PYTHONPATH: python.pythonPath ?? '' };
  const check = ['-c', 'import importlib.metadata as m; m.version("ministack")'];
  return (await runCommand(python.command, check, env)).code === 0;
}

/** Returns the last line that names an error, or the last line. */
function summarize(output: string): string {
  if (NETWORK_ERROR.test(output)) return INDEX_UNREACHABLE;
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const message = lines.findLast((line) => /error|not |no module/i.test(line)) ?? lines.at(-1) ?? 'no output';
  return message.trim().slice(0, 200);
}
