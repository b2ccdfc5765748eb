import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { configOf, type Overrides, type Stage, type StageConfig } from '../../lib/config.ts';
import { Context } from '../../lib/constructs/context.ts';
import { Platform } from '../../lib/platform.ts';
import type { Template as JsonTemplate } from '../../tools/template-values.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface SynthesizedStack {
  readonly name: string;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly template: Template;
  /** The template as the tools read it. */
  readonly json: JsonTemplate;
}

export interface SynthesizedStage {
  readonly app: App;
  readonly platform: Platform;
  readonly stacks: readonly SynthesizedStack[];
  /** The resources of all stacks, each with the name of its stack. */
  readonly resources: readonly (Resource & { readonly stack: string; readonly id: string })[];
}

const stages = new Map<string, SynthesizedStage>();

const newApp = () => new App({ context: cdkJson.context, analyticsReporting: false });

/** Synthesizes a stage, alone in its account, once for each test file and set of overrides. */
export function synthesized(stage: Stage, overrides: Overrides = {}): SynthesizedStage {
  const key = JSON.stringify([stage, overrides]);
  const cached = stages.get(key);
  if (cached) return cached;
  const result = synthesizeConfig(configOf(stage, { ownAccount: 'on', ...overrides }));
  stages.set(key, result);
  return result;
}

/** Synthesizes a stage whose settings differ from its record. */
export function synthesizeConfig(config: StageConfig): SynthesizedStage {
  const app = newApp();
  const platform = new Platform(app, config);
  const stacks = app.synth().stacks.map(({ stackName, template }) => ({
    name: stackName,
    resources: template.Resources as Record<string, Resource>,
    outputs: (template.Outputs ?? {}) as Record<string, unknown>,
    template: Template.fromJSON(template),
    json: template as JsonTemplate,
  }));
  const resources = stacks.flatMap((stack) =>
    Object.entries(stack.resources).map(([id, resource]) => ({ ...resource, id, stack: stack.name })),
  );
  return { app, platform, stacks, resources };
}

/** Synthesizes a stack with one context of a stage, in which a test creates its constructs. */
export function inContext(stage: Stage, build: (context: Context) => void): Template {
  const stack = new Stack(newApp(), 'Alone');
  build(new Context(stack, 'Orders', { config: configOf(stage), errorImpact: 'Customers cannot buy' }));
  return Template.fromStack(stack);
}

/** Returns the only resource of a type. Throws if there is none or more than one. */
export function only(template: Template, type: string): Resource {
  const resources = Object.values(template.findResources(type)) as Resource[];
  const [resource] = resources;
  if (resources.length !== 1 || !resource) throw new Error(`expected one ${type}, found ${resources.length}`);
  return resource;
}
