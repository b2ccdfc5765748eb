import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';

export interface ContextProps {
  readonly config: StageConfig;
  /** Whom it hurts when this context's functions fail: opens the text of its alarms. */
  readonly errorImpact: string;
}

/** A business context: what is built inside one finds here the stage that it is for. */
export class Context extends Construct {
  readonly config: StageConfig;
  readonly errorImpact: string;
  /** Every function of this context, for the alarms that watch them together. */
  readonly functions: (Construct & { readonly name: string })[] = [];

  constructor(scope: Construct, id: string, { config, errorImpact }: ContextProps) {
    super(scope, id);
    this.config = config;
    this.errorImpact = errorImpact;
  }

  /** The context that a construct stands in. */
  static of(construct: Construct): Context {
    const context = construct.node.scopes.toReversed().find((scope) => scope instanceof Context);
    if (!context) throw new Error(`${construct.node.path} stands in no context`);
    return context;
  }
}
