import { Tags } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { kebabCase, type StageConfig } from '../config.ts';

/** What invokes a function. It decides who notices a failure, and so which alarms and findings concern the function. */
export type Invoker = 'api' | 'queue' | 'stream' | 'schedule';

type ContextFunction = Construct & { readonly name: string; readonly invokedBy: Invoker };

/** A business context. Constructs inside it read the stage's settings from it. */
export class Context extends Construct {
  readonly config: StageConfig;
  /** Who is affected, and how, when functions of this context fail. Its alarm texts begin with it. */
  readonly errorImpact: string;
  /** All functions of this context, for the alarms that watch them together. */
  readonly functions: ContextFunction[] = [];
  /** The alarms for which the composite alarm of this context notifies. */
  readonly alarms: Alarm[] = [];

  constructor(scope: Construct, id: string, { config, errorImpact }: Pick<Context, 'config' | 'errorImpact'>) {
    super(scope, id);
    this.config = config;
    this.errorImpact = errorImpact;
    Tags.of(this).add('context', this.name);
  }

  /** The name of its folder in `lambdas/`. */
  get name(): string {
    return kebabCase(this.node.id);
  }

  /** Returns the context that contains a construct. */
  static of(construct: Construct): Context {
    const context = construct.node.scopes.toReversed().find((scope) => scope instanceof Context);
    if (!context) throw new Error(`${construct.node.path} is not inside a context`);
    return context;
  }
}
