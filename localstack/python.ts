import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { step } from '../tools/progress.ts';
import { UserError } from '../tools/user-error.ts';
import { readJson, remove, writeJson } from './processes.ts';

/** How to run Python with the engine's packages. */
export type EnginePython = { command: string; pythonPath: string | undefined };

/** The embedded engine cannot be had on this machine, but another may. */
export class NoPython extends UserError {}

const requirements = join(import.meta.dirname, 'requirements.txt');
const OLDEST = [3, 10] as const;

/**
 * The engine's packages in a folder of their own, made once for each set of pins. The ways are tried in turn, since a
 * plain Debian has Python without venv, and some machines have uv only.
 */
export async function enginePython(home: string, wanted: string | undefined): Promise<EnginePython> {
  const pins = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const record = join(home, 'python.json');
  const made = readJson<EnginePython & { pins: string }>(record);
  if (made && made.pins === pins && (await works(made))) return made;
  remove(record);
  remove(join(home, 'python'));
  mkdirSync(home, { recursive: true });
  const python = await step('installing the embedded engine (MiniStack)', () => make(join(home, 'python'), wanted));
  writeJson(record, { ...python, pins });
  return python;
}

async function make(folder: string, wanted: string | undefined): Promise<EnginePython> {
  const system = await findPython(wanted);
  const failures: string[] = [];
  const ways: [string, () => Promise<EnginePython | string>][] = [
    ['venv', () => (system ? withVenv(system, folder) : missing)],
    ['pip --target', () => (system ? withTarget(system, folder) : missing)],
    ['uv', () => withUv(folder)],
  ];
  for (const [name, way] of ways) {
    remove(folder);
    const result = await way();
    if (typeof result !== 'string') return result;
    failures.push(`${name}: ${result}`);
    if (result === unreachable) {
      throw new UserError(
        'The Python package index cannot be reached.',
        'Check the network or `pip config list`, then start again.',
      );
    }
    console.log(`  … ${name} did not do: ${result}`);
  }
  throw new NoPython(
    system ? `Python's packages cannot be installed (${failures.join('; ')}).` : 'There is no Python 3.10 or newer.',
    'Install python3 with python3-venv, or uv; or start with Docker: npm start -- --engine localstack',
  );
}

const missing = Promise.resolve('no Python 3.10 or newer');
const unreachable = 'the package index cannot be reached';
const offline =
  /ConnectionError|NewConnectionError|Temporary failure in name resolution|Name or service not known|Connection refused|dns error|timed out|ConnectTimeout/i;

async function findPython(wanted: string | undefined): Promise<string | undefined> {
  const names = wanted
    ? [wanted]
    : ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
  for (const name of names) {
    const { code, output } = await attempt(name, ['-c', 'import sys; print(*sys.version_info[:2])']);
    if (code !== 0) continue;
    const [major = 0, minor = 0] = output.trim().split(' ').map(Number);
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return name;
    if (wanted) throw new UserError(`${wanted} is Python ${major}.${minor}.`, 'The engine needs Python 3.10 or newer.');
  }
  return undefined;
}

const pipInstall = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps', '-r', requirements];

async function withVenv(python: string, folder: string): Promise<EnginePython | string> {
  const venv = await attempt(python, ['-m', 'venv', folder]);
  if (venv.code !== 0) return summary(venv.output);
  const command = join(folder, 'bin', 'python');
  const install = await attempt(command, pipInstall);
  return install.code === 0 ? { command, pythonPath: undefined } : summary(install.output);
}

async function withTarget(python: string, folder: string): Promise<EnginePython | string> {
  const install = await attempt(python, [...pipInstall, '--target', folder]);
  return install.code === 0 ? { command: python, pythonPath: folder } : summary(install.output);
}

async function withUv(folder: string): Promise<EnginePython | string> {
  const venv = await attempt('uv', ['venv', '--quiet', '--python', '>=3.10', folder]);
  if (venv.code !== 0) return summary(venv.output);
  const command = join(folder, 'bin', 'python');
  const install = await attempt('uv', [
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--python',
    command,
    '-r',
    requirements,
  ]);
  return install.code === 0 ? { command, pythonPath: undefined } : summary(install.output);
}

async function works(python: EnginePython): Promise<boolean> {
  if (python.pythonPath && !existsSync(python.pythonPath)) return false;
  const env = { ...process.env, PYTHONPATH: python.pythonPath ?? '' };
  return (
    (await attempt(python.command, ['-c', 'import importlib.metadata as m; m.version("ministack")'], env)).code === 0
  );
}

async function attempt(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ code: number; output: string }> {
  return await new Promise((done) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', (error) => done({ code: 127, output: error.message }));
    child.once('close', (code) => done({ code: code ?? 1, output }));
  });
}

/** The last line that says something. */
function summary(output: string): string {
  if (offline.test(output)) return unreachable;
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '');
  const telling = lines.findLast((line) => /error|not |no module/i.test(line)) ?? lines.at(-1) ?? 'it failed';
  return telling.trim().slice(0, 200);
}
