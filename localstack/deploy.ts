import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { step } from '../tools/progress.ts';
import { toDeployError } from './deploy-failure.ts';
import { deployedFingerprint, rememberDeployed, WATCHED } from './deploy-record.ts';
import { enableTtl } from './enable-ttl.ts';
import { fingerprint } from './fingerprint.ts';
import { clientOptions, engineEnv, root } from './settings.ts';
import { push } from './watch.ts';

export type DeployOptions = {
  endpoint: string;
  stage: string;
  /** Where the synthesized app and the CLI's output go: each instance its own, so that two never wait for each other. */
  folder: string;
  /** Where links in answers point; the app's own choice without it. */
  baseUrl?: string;
  /** What else the app is told, by its variables. */
  overrides?: Readonly<Record<string, string>>;
  project?: string;
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

/** Deploys the app with the ordinary CDK CLI, unless the engine holds this very app already. */
export async function deploy(options: DeployOptions): Promise<'deployed' | 'unchanged'> {
  const project = options.project ?? root;
  const wanted = await fingerprint(project, SOURCES, [
    options.stage,
    options.baseUrl ?? '',
    ...Object.entries(options.overrides ?? {}).map((wish) => wish.join('=')),
  ]);
  const before = await deployedFingerprint(options);
  if (before === wanted && (await complete(options))) return 'unchanged';
  mkdirSync(options.folder, { recursive: true });
  if (!(await stackNamed(options, 'CDKToolkit'))) {
    await step('preparing the engine for CDK', () =>
      cdk(options, project, ['bootstrap', 'aws://000000000000/us-east-1', '--app', '']),
    );
  }
  const out = join(options.folder, 'cdk.out');
  await step('deploying the app (cdk deploy --all)', async () => {
    // Change sets would only be shown to nobody; stacks that do not wait for each other go at once.
    await cdk(options, project, [
      'deploy',
      '--all',
      '--require-approval',
      'never',
      '--method=direct',
      '--concurrency',
      '4',
      '--output',
      out,
    ]);
    await enableTtl(options.endpoint, out);
  });
  // CloudFormation sees no change where a watcher brought code past it.
  if (before === WATCHED) await push(options, new Map());
  await rememberDeployed(options, wanted);
  return 'deployed';
}

/** Outputs of the app's API stack: where its API is. */
export async function apiOf(options: { endpoint: string; stage: string }): Promise<{ id: string; stage: string }> {
  const name = `oncebox-${options.stage}-api`;
  const outputs = (await stackNamed(options, name))?.Outputs ?? [];
  const value = (key: string) => outputs.find((output) => output.OutputKey === key)?.OutputValue;
  const id = value('ApiId');
  const stage = value('ApiStage');
  if (!id || !stage) throw new Error(`Stack ${name} has no outputs ApiId and ApiStage.`);
  return { id, stage };
}

async function complete(options: DeployOptions): Promise<boolean> {
  const stack = await stackNamed(options, `oncebox-${options.stage}-api`);
  return /^(CREATE|UPDATE)_COMPLETE$/.test(stack?.StackStatus ?? '');
}

async function stackNamed(options: { endpoint: string }, name: string): Promise<Stack | undefined> {
  const client = new CloudFormationClient(clientOptions(options.endpoint));
  try {
    return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0];
  } catch (error) {
    if (error instanceof Error && /does not exist/.test(error.message)) return undefined;
    throw error;
  }
}

async function cdk(options: DeployOptions, project: string, args: string[]): Promise<void> {
  const started = new Date();
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...args, '--no-color', '--ci'],
    {
      cwd: project,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C in the terminal reaches it through us, once.
      detached: true,
      env: {
        ...process.env,
        ...engineEnv(options.endpoint),
        ONCEBOX_STAGE: options.stage,
        ...options.overrides,
        ...(options.baseUrl ? { ONCEBOX_BASE_URL: options.baseUrl } : {}),
        PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
      },
    },
  );
  const end = () => child.kill('SIGTERM');
  process.once('exit', end);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise<number>((done, fail) => {
    child.once('error', fail);
    child.once('close', (status) => done(status ?? 1));
  });
  process.off('exit', end);
  const log = join(options.folder, 'cdk.log');
  writeFileSync(log, output);
  if (code !== 0) throw await toDeployError({ ...options, since: started, output, log });
}
