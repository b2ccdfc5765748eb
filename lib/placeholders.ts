import type { App } from 'aws-cdk-lib';
import type { StageConfig } from './config.ts';
import { ConfigError } from './config-error.ts';

/**
 * What an example has in place of a value of one's own. It is matched in any case and with any separator, but not
 * within other words, such as "a replacement" or "replace messages".
 */
const PLACEHOLDER = /(?<![a-z])replace[\s_-]?me(?![a-z])/i;

/** Returns the places of all texts with the placeholder, for example `settings.alarmEmail`. */
export function findPlaceholders(value: unknown, place: string): string[] {
  if (typeof value === 'string') return PLACEHOLDER.test(value) ? [place] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => [
    ...(PLACEHOLDER.test(name) ? [`${place}.${name} (the name)`] : []),
    ...findPlaceholders(field, `${place}.${name}`),
  ]);
}

/**
 * Synthesizes the app. Throws if the settings of the stage, the CDK context or a template still has a placeholder, so
 * that it is not deployed: a function would fail with it, or a password would be known to everybody.
 */
export function synthesizeWithoutPlaceholders(app: App, config: StageConfig): void {
  const places = [
    ...findPlaceholders(config, 'settings'),
    ...findPlaceholders(app.node.getAllContext(), 'context'),
    ...app.synth().stacks.flatMap(({ stackName, template }) => findPlaceholders(template, stackName)),
  ];
  if (places.length === 0) return;
  throw new ConfigError(
    `The configuration of stage ${config.stage} has the placeholder REPLACE_ME. Set a value at:\n` +
      places.map((place) => `  ${place}`).join('\n'),
  );
}
