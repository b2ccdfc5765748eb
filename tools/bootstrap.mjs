// Plain JavaScript for the machine's own Node, in a fresh clone without node_modules: it brings in what the project
// needs, then goes on under the project's Node 24, which runs TypeScript as it stands.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node24 = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
/** For PATH: scripts with `#!/usr/bin/env node` then run under Node 24 too. */
export const nodeBin = dirname(node24);
const stamp = join(root, 'node_modules', '.oncebox-lock');

/** Ends with one line on what is wrong and one on the way out; a stack trace would help nobody here. */
function fail(problem, wayOut) {
  console.error(`✗ ${problem}\n  ${wayOut}`);
  process.exit(1);
}

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function installed() {
  if (!existsSync(node24)) return false;
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === lockHash();
  // npm's own record of what it installed: somebody ran `npm ci` by hand.
  const record = join(root, 'node_modules', '.package-lock.json');
  return existsSync(record);
}

async function install() {
  const started = Date.now();
  console.log('• installing packages (npm ci), about half a minute the first time …');
  const ticker = setInterval(() => console.log(`  … still installing, ${seconds(started)} s`), 10_000);
  let result = await npm('ci');
  if (result.code !== 0 && /in sync|Missing:/.test(result.errors)) {
    // A lockfile made on another platform may lack this one's optional binaries, which `npm ci` refuses;
    // `npm install` takes every version that it does name from it, and adds those.
    console.log('  … the lockfile lacks packages of this platform; installing with npm install');
    result = await npm('install', '--no-save');
  }
  clearInterval(ticker);
  const { code, errors } = result;
  if (code !== 0) {
    const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET/i.test(errors);
    const check = 'Check the network and `npm config get registry`, then start again.';
    if (offline) fail('The npm registry cannot be reached.', check);
    fail(`The packages cannot be installed: ${telling(errors)}`, 'Run `npm ci` to see all of it.');
  }
  if (!existsSync(node24)) {
    fail('Node 24 did not arrive with the packages.', 'Run `npm ci` without --ignore-scripts, or install Node 24.');
  }
  writeFileSync(stamp, lockHash());
  console.log(`✓ packages installed (${seconds(started)} s)`);
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
  const code = await new Promise((done) => {
    child.once('error', (error) => {
      errors += error.message;
      done(1);
    });
    child.once('close', (status) => done(status ?? 1));
  });
  return { code, errors };
}

/** The first lines of npm's complaint that say something. */
function telling(errors) {
  const lines = errors.split('\n').map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim());
  const useful = lines.filter((line) => line !== '' && !/^code |complete log|npm help|^npm warn/.test(line));
  return useful.slice(0, 2).join(' ') || 'npm said nothing';
}

function seconds(since) {
  return ((Date.now() - since) / 1000).toFixed(1);
}

/** The pre-commit hook, where this is a git checkout and nobody has chosen hooks of their own. */
function setHooks() {
  if (!existsSync(join(root, '.git')) || process.env.CI) return;
  const chosen = spawnSync('git', ['config', 'core.hooksPath'], { cwd: root, encoding: 'utf8' });
  if (chosen.error || chosen.stdout.trim() !== '') return;
  spawnSync('git', ['config', 'core.hooksPath', '.githooks'], { cwd: root });
}

/** Installs what is missing; afterwards `runUnderNode24` finds everything. */
export async function prepare() {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    fail(`Node ${process.versions.node} is too old.`, 'Install Node 20 or newer; the project brings Node 24 itself.');
  }
  if (!installed()) await install();
  mkdirSync(join(root, '.oncebox'), { recursive: true });
  setHooks();
}

/** Runs a TypeScript file under Node 24 with this process's terminal, passes signals on, and ends as it ends. */
export async function runUnderNode24(script, args) {
  const child = spawn(node24, ['--disable-warning=ExperimentalWarning', join(root, script), ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${nodeBin}:${process.env.PATH ?? ''}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (status, by) => done([status, by]));
  });
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  return process.exitCode;
}
