import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { step } from '../tools/progress.ts';
import { findStack } from './cloudformation.ts';
import { toDeployError } from './deploy-failure.ts';
import { deployedFingerprint, recordDeployed, WATCHED } from './deploy-record.ts';
import { enableTtl } from './enable-ttl.ts';
import { computeFingerprint } from './fingerprint.ts';
import { readOutput } from './processes.ts';
import { type Deployment, engineEnv, root } from './settings.ts';
import { updateFunctions } from './watch.ts';

export type DeployOptions = Deployment & {
  /** For the synthesized app and the output of the CLI. Each instance has its own, so that two never share a lock. */
  folder: string;
  /** The base of links in responses. Without it the app chooses. */
  baseUrl?: string;
  overrides?: Readonly<Record<string, string>>;
};

const SOURCES = [
  'bin',
  'lib',
  'lambdas',
  'events',
  'cdk.json',
  'package-lock.json',
  'tsconfig.json',
  'localstack/deploy.ts',
];

/** Deploys the app with the ordinary CDK CLI, unless the engine already holds exactly this app. */
export async function deploy(options: DeployOptions): Promise<void> {
  const overrides = Object.entries(options.overrides ?? {}).map((entry) => entry.join('='));
  const fingerprint = await computeFingerprint(root, SOURCES, [options.stage, options.baseUrl ?? '', ...overrides]);
  const deployed = await deployedFingerprint(options);
  if (deployed === fingerprint && (await isComplete(options))) return;
  mkdirSync(options.folder, { recursive: true });
  if (!(await findStack(options.endpoint, 'CDKToolkit'))) {
    await step('Prepare the engine for CDK', () =>
      runCdk(options, ['bootstrap', 'aws://000000000000/us-east-1', '--app', '']),
    );
  }
  await step('Deploy the app (cdk deploy --all)', () => deployStacks(options));
  // CloudFormation sees no change in functions that a watcher has updated without it.
  if (deployed === WATCHED) await updateFunctions(options, new Map());
  await recordDeployed(options, fingerprint);
}

async function deployStacks(options: DeployOptions): Promise<void> {
  const out = join(options.folder, 'cdk.out');
  const unattended = ['--require-approval', 'never', '--method=direct'];
  // Stacks that do not depend on each other are deployed in parallel.
  await runCdk(options, ['deploy', '--all', ...unattended, '--concurrency', '4', '--output', out]);
  await enableTtl(options.endpoint, out);
}

async function isComplete({ endpoint, stage }: DeployOptions): Promise<boolean> {
  const stack = await findStack(endpoint, `oncebox-${stage}-api`);
  return /^(CREATE|UPDATE)_COMPLETE$/.test(stack?.StackStatus ?? '');
}

async function runCdk(options: DeployOptions, args: string[]): Promise<void> {
  const startedAt = new Date();
  const cli = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const child = spawn(process.execPath, [cli, ...args, '--no-color', '--ci'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own process group: Ctrl-C in the terminal must reach it once, and from this process.
    detached: true,
    env: {
      ...process.env,
      ...engineEnv(options.endpoint),
      ONCEBOX_STAGE: options.stage,
      ...options.overrides,
      ...(options.baseUrl ? { ONCEBOX_BASE_URL: options.baseUrl } : {}),
      PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    },
  });
  const terminate = () => child.kill('SIGTERM');
  process.once('exit', terminate);
  const { code, output } = await readOutput(child).finally(() => process.off('exit', terminate));
  const log = join(options.folder, 'cdk.log');
  writeFileSync(log, output);
  if (code !== 0) throw await toDeployError({ ...options, startedAt, output, log });
}
