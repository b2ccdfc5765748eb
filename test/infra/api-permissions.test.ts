import { describe, expect, test } from 'vitest';
import { type SynthesizedStage, synthesized } from '../support/synthesized.ts';

/** The maximum size of the resource policy of a function. */
const MAX_POLICY_BYTES = 20 * 1024;
const API_ID = 'abcde12345';

interface Permission {
  readonly stack: string;
  /** The logical id of the function in the same stack, or nothing if the function is in another stack. */
  readonly functionId: string | undefined;
  readonly sourceArn: string;
}

type Reference = { readonly Ref?: string; readonly 'Fn::GetAtt'?: readonly [string, string] };

/** Writes out a value of a template: the pseudo parameters as sample values, and any other reference as `<id>`. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, Ref } = value as { 'Fn::Join'?: [string, unknown[]]; Ref?: string };
  if (join) return join[1].map(textOf).join(join[0]);
  const pseudo = { 'AWS::Partition': 'aws', 'AWS::Region': 'eu-west-1', 'AWS::AccountId': '123456789012' };
  return pseudo[Ref as keyof typeof pseudo] ?? `<${Ref}>`;
}

function apiPermissions({ resources }: SynthesizedStage): Permission[] {
  return resources
    .filter(
      ({ Type, Properties }) =>
        Type === 'AWS::Lambda::Permission' && /apigateway/.test(String(Properties['Principal'])),
    )
    .map(({ stack, Properties }) => {
      const { 'Fn::GetAtt': attribute } = Properties['FunctionName'] as Reference;
      const functionId = resources.find(({ id, stack: other }) => other === stack && id === attribute?.[0])?.id;
      return { stack, functionId, sourceArn: textOf(Properties['SourceArn']) };
    });
}

/** Returns the full path of a resource of the API, with a value in place of each path parameter. */
function pathOf({ resources }: SynthesizedStage, { Ref }: Reference): string {
  const resource = resources.find(({ id, Type }) => id === Ref && Type === 'AWS::ApiGateway::Resource');
  if (!resource) return '';
  const parent = pathOf({ resources } as SynthesizedStage, resource.Properties['ParentId'] as Reference);
  return `${parent}/${String(resource.Properties['PathPart']).replace(/\{.*\}/, 'a-value')}`;
}

/** Returns for each method the source ARN that API Gateway sends, and the name of the function that it invokes. */
function invocations(stage: SynthesizedStage, stageName: string) {
  return stage.resources
    .filter(({ Type }) => Type === 'AWS::ApiGateway::Method')
    .map(({ Properties }) => {
      const method = String(Properties['HttpMethod']).replace('ANY', 'PATCH');
      const path = pathOf(stage, Properties['ResourceId'] as Reference) || '/';
      const uri = textOf((Properties['Integration'] as { Uri: unknown }).Uri);
      const sourceArn = `arn:aws:execute-api:eu-west-1:123456789012:${API_ID}/${stageName}/${method}${path}`;
      return { sourceArn, functionName: /:function:([\w-]+)\/invocations$/.exec(uri)?.[1] };
    });
}

/** Evaluates the condition ArnLike, in which `*` also matches slashes. */
const isLike = (arn: string, pattern: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(arn);

describe.each(['local', 'prod'] as const)('the permissions of the API on the %s stage', (name) => {
  const stage = synthesized(name);
  const permissions = apiPermissions(stage);
  const functionName = ({ stack, functionId }: Permission) =>
    stage.resources.find((resource) => resource.stack === stack && resource.id === functionId)?.Properties[
      'FunctionName'
    ];

  test('are in the stack of their function, so that it can be destroyed and deployed again', () => {
    expect(permissions.length).toBeGreaterThan(0);
    for (const { stack, functionId, sourceArn } of permissions)
      expect(functionId, `${stack} ${sourceArn}`).toBeDefined();
  });

  test('allow each method to invoke its function', () => {
    const calls = invocations(stage, name);
    expect(calls.length).toBeGreaterThan(20);
    for (const call of calls) {
      const patterns = permissions.filter((permission) => functionName(permission) === call.functionName);
      expect(
        patterns.some(({ sourceArn }) => isLike(call.sourceArn, sourceArn)),
        `${call.sourceArn} invokes ${call.functionName}`,
      ).toBe(true);
    }
  });

  test('allow no other stage, method, path or account', () => {
    const ofOrders = permissions.filter((permission) => functionName(permission) === `oncebox-${name}-orders-api`);
    const isAllowed = (account: string, request: string) =>
      ofOrders.some(({ sourceArn }) =>
        isLike(`arn:aws:execute-api:eu-west-1:${account}:${API_ID}/${request}`, sourceArn),
      );
    expect(isAllowed('123456789012', `${name}/POST/orders`)).toBe(true);
    expect(isAllowed('999999999999', `${name}/POST/orders`)).toBe(false);
    for (const request of ['beta/POST/orders', `${name}/DELETE/orders`, `${name}/POST/payments/accounts`])
      expect(isAllowed('123456789012', request), request).toBe(false);
  });

  test('fit into the policy of each function', () => {
    const byFunction = Map.groupBy(permissions, functionName);
    for (const [owner, own] of byFunction) {
      // Lambda adds the fields of a statement around the ARN of the source and of the function.
      const bytes = own.reduce((sum, { sourceArn }) => sum + sourceArn.length + 400, 0);
      expect(bytes, String(owner)).toBeLessThan(MAX_POLICY_BYTES / 2);
    }
  });
});
