import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { configOf, type Stage } from '../../lib/config.ts';
import { Context } from '../../lib/constructs/context.ts';
import { Platform } from '../../lib/platform.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
}

export interface SynthesizedStack {
  readonly name: string;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly template: Template;
}

export interface SynthesizedStage {
  readonly app: App;
  readonly platform: Platform;
  readonly stacks: readonly SynthesizedStack[];
  /** Of every stack, with the stack's name. */
  readonly resources: readonly (Resource & { readonly stack: string; readonly id: string })[];
}

const stages = new Map<Stage, SynthesizedStage>();

const newApp = () => new App({ context: cdkJson.context, analyticsReporting: false });

/** A stage as it would be deployed; made once for each test file. */
export function synthesized(stage: Stage): SynthesizedStage {
  const known = stages.get(stage);
  if (known) return known;
  const app = newApp();
  const platform = new Platform(app, configOf(stage));
  const stacks = app.synth().stacks.map(({ stackName, template }) => ({
    name: stackName,
    resources: template.Resources as Record<string, Resource>,
    outputs: (template.Outputs ?? {}) as Record<string, unknown>,
    template: Template.fromJSON(template),
  }));
  const resources = stacks.flatMap((stack) =>
    Object.entries(stack.resources).map(([id, resource]) => ({ ...resource, id, stack: stack.name })),
  );
  const made = { app, platform, stacks, resources };
  stages.set(stage, made);
  return made;
}

/** One construct alone in a context of a stage. */
export function inContext(stage: Stage, build: (context: Context) => void): Template {
  const stack = new Stack(newApp(), 'Alone');
  build(new Context(stack, 'Shop', { config: configOf(stage), errorImpact: 'Nobody can buy' }));
  return Template.fromStack(stack);
}

/** The only resource of a type, or the test fails. */
export function only(template: Template, type: string): Resource {
  const found = Object.values(template.findResources(type)) as Resource[];
  const [one] = found;
  if (found.length !== 1 || !one) throw new Error(`${found.length} resources are ${type}, not one`);
  return one;
}
