import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findApi } from '../../localstack/api-target.ts';
import { deploy } from '../../localstack/deploy.ts';
import { type EmbeddedEngine, scratchDir, startEngine } from '../../localstack/engine.ts';
import { readOutput } from '../../localstack/processes.ts';
import { engineEnv, root } from '../../localstack/settings.ts';
import { ApiClient } from './api-client.ts';

const STAGE = 'test';

/** An engine of its own with the app, for tests that remove stacks and tables. */
export class OwnStage {
  readonly endpoint: string;
  readonly #engine: EmbeddedEngine;
  readonly #folder: string;

  private constructor(engine: EmbeddedEngine) {
    this.#engine = engine;
    this.endpoint = engine.endpoint;
    this.#folder = join(engine.folder, 'deploy');
  }

  /** Starts the engine and deploys the app. */
  static async start(name: string, overrides: Readonly<Record<string, string>>): Promise<OwnStage> {
    const engine = await startEngine({ name: `${name}-${process.pid}`, dataDir: scratchDir() });
    const stage = new OwnStage(engine);
    try {
      await stage.deploy(overrides);
      return stage;
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  stop = (): Promise<void> => this.#engine.stop();

  /** Synthesizes the app and deploys it. The overrides are variables of `bin/app.ts`. */
  async deploy(overrides: Readonly<Record<string, string>>): Promise<void> {
    await deploy({ endpoint: this.endpoint, stage: STAGE, folder: this.#folder, overrides });
  }

  /** Synthesizes the app and deploys nothing. */
  synthesize = (overrides: Readonly<Record<string, string>>): Promise<string> =>
    this.#run(['synth', '--quiet', '--output', this.#app], overrides);

  /** Deploys stacks of the app as it was synthesized last. */
  deployAgain = (...stacks: readonly string[]): Promise<string> =>
    this.cdk('deploy', ...stacks, '--require-approval', 'never', '--method=direct', '--concurrency', '4');

  /** Adopts the retained tables into the data stack, as an operator does who confirms each table by its name. */
  async importTables(): Promise<void> {
    const template = JSON.parse(readFileSync(join(this.#app, `oncebox-${STAGE}-data.template.json`), 'utf8')) as {
      Resources: Record<string, { Properties: { TableName: string } }>;
    };
    const mapping = Object.entries(template.Resources).map(([id, { Properties }]) => [
      id,
      { TableName: Properties.TableName },
    ]);
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, 'tables.json');
    writeFileSync(file, JSON.stringify(Object.fromEntries(mapping)));
    await this.cdk('import', `oncebox-${STAGE}-data`, '--resource-mapping', file);
  }

  /** Runs the CDK CLI on the app as it was synthesized last, and returns its output. Throws if the CLI fails. */
  cdk = (...args: readonly string[]): Promise<string> => this.#run([...args, '--app', this.#app]);

  async #run(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<string> {
    const cli = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
    const child = spawn(process.execPath, [cli, ...args, '--no-color', '--ci'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...engineEnv(this.endpoint),
        ONCEBOX_STAGE: STAGE,
        ...variables,
        PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
      },
    });
    const { code, output } = await readOutput(child);
    if (code !== 0) throw new Error(`cdk ${args.join(' ')} exited with ${code}: ${output}`);
    return output;
  }

  /** Returns a client of the API that is deployed now. A new deployment of the API has another address. */
  async api(): Promise<ApiClient> {
    const { id, stage } = await findApi({ endpoint: this.endpoint, stage: STAGE });
    return new ApiClient(`${this.endpoint}/_aws/execute-api/${id}/${stage}`);
  }

  get #app(): string {
    return join(this.#folder, 'cdk.out');
  }
}
