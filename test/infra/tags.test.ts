import { CfnResource, Stack, TagManager } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { synthesized } from '../support/synthesized.ts';

type Tags = readonly { readonly Key: string; readonly Value: string }[] | Readonly<Record<string, string>>;

const toRecord = (tags: Tags): Record<string, string> =>
  Array.isArray(tags) ? Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) : { ...(tags as object) };

describe.each(['local', 'prod'] as const)('the %s stage', (name) => {
  const stage = synthesized(name);
  const contexts = new Set(stage.platform.contexts.map((context) => context.name));

  const taggable = stage.app.node
    .findAll()
    .filter((construct): construct is CfnResource => CfnResource.isCfnResource(construct))
    .filter((resource) => TagManager.isTaggable(resource) || TagManager.isTaggableV2(resource))
    .map((resource) => {
      const { stackName } = Stack.of(resource);
      const id = String(Stack.of(resource).resolve(resource.logicalId));
      const found = stage.resources.find((candidate) => candidate.stack === stackName && candidate.id === id);
      return { path: resource.node.path, type: resource.cfnResourceType, found };
    });

  test('has the tags app, stage and context on everything that takes tags', () => {
    expect(new Set(taggable.map(({ type }) => type)).size).toBeGreaterThan(10);
    for (const { path, found } of taggable) {
      const tags = toRecord((found?.Properties['Tags'] ?? []) as Tags);
      expect(tags, path).toMatchObject({ app: 'oncebox', stage: name });
      expect(tags['context'], path).toMatch(/^[a-z-]+$/);
    }
  });

  test('tags what belongs to a context with its name, also its table', () => {
    const contextOf = (type: string, property: string) =>
      taggable
        .filter((resource) => resource.type === type)
        .map(({ found }) => [
          String(found?.Properties[property]).replace(`oncebox-${name}-`, ''),
          toRecord((found?.Properties['Tags'] ?? []) as Tags)['context'],
        ]);
    const functions = contextOf('AWS::Lambda::Function', 'FunctionName');
    expect(functions.length).toBeGreaterThan(20);
    for (const [functionName, context] of functions) {
      expect(contexts).toContain(context);
      expect(functionName).toMatch(new RegExp(`^${context}-`));
    }
    const tables = contextOf('AWS::DynamoDB::Table', 'TableName');
    expect(tables.length).toBeGreaterThanOrEqual(6);
    for (const [table, context] of tables) expect(context).toBe(table);
  });
});
