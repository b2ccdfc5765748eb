import { App, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { configOf } from '../../lib/config.ts';
import { findPlaceholders, synthesizeWithoutPlaceholders } from '../../lib/placeholders.ts';
import { synthesized } from '../support/synthesized.ts';

const dev = configOf('dev');
// Synthesized before the tests, because it may take longer than a test's timeout on a busy machine.
const app = synthesized('dev');

/** Synthesizes an app of one stack. */
function synthesize(build: (stack: Stack) => void, { config = dev, context = {} } = {}): void {
  const app = new App({ context, analyticsReporting: false });
  const stack = new Stack(app, 'oncebox-dev-shop');
  new Topic(stack, 'Events', { displayName: 'Events' });
  build(stack);
  synthesizeWithoutPlaceholders(app, config);
}
const createFunction = (stack: Stack, environment: Record<string, string>) =>
  new LambdaFunction(stack, 'Issue', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => undefined;'),
    environment,
  });

describe('a placeholder stops the synth with its place', () => {
  test('in the settings of the stage', () => {
    expect(() => synthesize(() => undefined, { config: { ...dev, alarmEmail: 'REPLACE_ME@example.com' } })).toThrow(
      'The configuration of stage dev has the placeholder REPLACE_ME. Set a value at:\n  settings.alarmEmail',
    );
    const api = { ...dev.api, baseUrl: 'https://replace-me.example' };
    expect(() => synthesize(() => undefined, { config: { ...dev, api } })).toThrow('  settings.api.baseUrl');
  });

  test('in the CDK context', () => {
    expect(() => synthesize(() => undefined, { context: { issuer: { url: 'REPLACE_ME' } } })).toThrow(
      '  context.issuer.url',
    );
  });

  test('in the environment of a function', () => {
    const environment = { ISSUER: 'https://REPLACE_ME/' };
    expect(() => synthesize((stack) => createFunction(stack, environment))).toThrow(
      /oncebox-dev-shop\.Resources\.Issue\w+\.Properties\.Environment\.Variables\.ISSUER/,
    );
  });

  test('in the text of a template, also as a name or inside of an intrinsic function', () => {
    expect(() => synthesize((stack) => new Topic(stack, 'Alarms', { displayName: 'Replace Me' }))).toThrow(
      /\.Properties\.DisplayName/,
    );
    expect(() => synthesize((stack) => createFunction(stack, { REPLACE_ME: 'x' }))).toThrow('(the name)');
    expect(() => synthesize((stack) => createFunction(stack, { ISSUER: `${stack.region}-REPLACE_ME` }))).toThrow(
      /Variables\.ISSUER\.Fn::Join/,
    );
  });

  test('and all places are named at once', () => {
    const config = { ...dev, alarmEmail: 'REPLACE_ME' };
    const act = () =>
      synthesize((stack) => createFunction(stack, { ISSUER: 'REPLACE_ME', REALM: 'REPLACE_ME' }), { config });
    expect(act).toThrow(/settings\.alarmEmail\n.*Variables\.ISSUER\n.*Variables\.REALM/);
  });
});

test('a configuration without a placeholder is synthesized', () => {
  expect(() => synthesize((stack) => createFunction(stack, { ISSUER: 'https://issuer.example/' }))).not.toThrow();
});

test.each(['A replacement for the key', 'may replace messages', 'REPLACEMENT', 'replace-metadata', 'irreplace me'])(
  'the text "%s" is not taken for a placeholder',
  (text) => expect(findPlaceholders(text, 'place')).toEqual([]),
);

test.each(['replace me', 'please_REPLACE_ME', 'REPLACE_ME_2', 'replaceme1', 'ReplaceMe.', 'x-replace-me'])(
  'the text "%s" is taken for a placeholder',
  (text) => expect(findPlaceholders(text, 'place')).toEqual(['place']),
);

test('the app itself has no placeholder', () => {
  expect(findPlaceholders(dev, 'settings')).toEqual([]);
  expect(app.stacks.flatMap(({ name, json }) => findPlaceholders(json, name))).toEqual([]);
});
