import { Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';

interface StageStackProps extends Pick<StackProps, 'terminationProtection' | 'env'> {
  readonly config: StageConfig;
  /** `orders`: the stack is `oncebox-<stage>-orders`. */
  readonly name: string;
  readonly description: string;
  /** The stacks that must be deployed first. Stacks refer to each other by name, so CDK cannot derive this. */
  readonly dependsOn?: readonly Stack[];
}

export class StageStack extends Stack {
  readonly config: StageConfig;

  constructor(app: Construct, { config, name, description, dependsOn = [], ...props }: StageStackProps) {
    super(app, nameOf(config, name), { ...props, description: `Oncebox: ${description}` });
    this.config = config;
    Tags.of(this).add('app', 'oncebox');
    Tags.of(this).add('stage', config.stage);
    // Contexts and tables override it with the name of their context.
    Tags.of(this).add('context', name);
    for (const stack of dependsOn) this.addStackDependency(stack);
  }
}
