// Plain JavaScript without dependencies, because it runs under the user's own Node, in a fresh clone without
// node_modules. It installs what the project needs and then starts the project's Node 24, which runs TypeScript directly.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node24 = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
/** The folder of Node 24. In PATH it makes scripts with `#!/usr/bin/env node` run under Node 24 too. */
export const nodeBin = dirname(node24);
const installedLockHashFile = join(root, 'node_modules', '.oncebox-lock');

/** Ends the process with one line for the problem and one for the remedy. A stack trace would not help the user here. */
function fail(problem, remedy) {
  console.error(`✗ ${problem}\n  ${remedy}`);
  process.exit(1);
}

function hashLockfile() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function isInstalled() {
  if (!existsSync(node24)) return false;
  if (existsSync(installedLockHashFile)) return readFileSync(installedLockHashFile, 'utf8') === hashLockfile();
  // The file in which npm records what it installed. It is there if the user ran `npm ci`.
  return existsSync(join(root, 'node_modules', '.package-lock.json'));
}

async function install() {
  const startedAt = Date.now();
  console.log('• Install packages (npm ci), about 30 s the first time …');
  const ticker = setInterval(() => console.log(`  … Install packages, ${elapsed(startedAt)} s`), 10_000);
  let result = await npm('ci');
  if (result.code !== 0 && /in sync|Missing:/.test(result.errors)) {
    // A lockfile from another platform may lack optional binaries of this one, which `npm ci` refuses. `npm install`
    // keeps every version in the lockfile and adds the missing packages.
    console.log('  … The lockfile lacks packages for this platform: npm install is used instead.');
    result = await npm('install', '--no-save');
  }
  clearInterval(ticker);
  const { code, errors } = result;
  if (code !== 0) {
    const isOffline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET/i.test(errors);
    const remedy = 'Check the network and `npm config get registry`, then start again.';
    if (isOffline) fail('The npm registry cannot be reached.', remedy);
    fail(`The packages cannot be installed: ${summarize(errors)}`, 'Run `npm ci` to see the full output.');
  }
  if (!existsSync(node24)) {
    fail('Node 24 was not installed.', 'Run `npm ci` without --ignore-scripts, or install Node 24.');
  }
  writeFileSync(installedLockHashFile, hashLockfile());
  console.log(`✓ Install packages (${elapsed(startedAt)} s)`);
}

async function npm(...args) {
  const child = spawn('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: process.platform === 'win32',
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      errors += error.message;
      resolve(1);
    });
    child.once('close', (status) => resolve(status ?? 1));
  });
  return { code, errors };
}

/** Returns the first two lines of npm's output that carry information. */
function summarize(errors) {
  const lines = errors.split('\n').map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim());
  const useful = lines.filter((line) => line !== '' && !/^code |complete log|npm help|^npm warn/.test(line));
  return useful.slice(0, 2).join(' ') || 'no output';
}

function elapsed(sinceMs) {
  return ((Date.now() - sinceMs) / 1000).toFixed(1);
}

/** Enables the pre-commit hook in a git checkout, unless the user has configured other hooks. */
function enableHooks() {
  if (!existsSync(join(root, '.git')) || process.env.CI) return;
  const configured = spawnSync('git', ['config', 'core.hooksPath'], { cwd: root, encoding: 'utf8' });
  if (configured.error || configured.stdout.trim() !== '') return;
  spawnSync('git', ['config', 'core.hooksPath', '.githooks'], { cwd: root });
}

/** Installs the packages if needed. `runUnderNode24` and the scripts of node_modules work afterwards. */
export async function prepare() {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    fail(`Node ${process.versions.node} is too old.`, 'Install Node 20 or newer. The project installs Node 24 itself.');
  }
  if (!isInstalled()) await install();
  mkdirSync(join(root, '.oncebox'), { recursive: true });
  enableHooks();
}

/** Runs a TypeScript file of the project under Node 24 in this terminal, forwards signals, and exits with its code. */
export async function runUnderNode24(script, args) {
  const child = spawn(node24, ['--disable-warning=ExperimentalWarning', resolvePath(root, script), ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${nodeBin}:${process.env.PATH ?? ''}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, endSignal) => resolve([status, endSignal]));
  });
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
}
