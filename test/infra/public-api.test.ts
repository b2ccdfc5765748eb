import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { NoEnv } from '../../lambdas/shared/runtime/env.ts';
import { configOf, type Stage } from '../../lib/config.ts';
import { Context } from '../../lib/constructs/context.ts';
import { ContextApi, type RouteTable } from '../../lib/constructs/context-api.ts';
import { PublicApi } from '../../lib/constructs/public-api.ts';
import { ServiceFunction } from '../../lib/constructs/service-function.ts';
import type { Resource } from '../support/synthesized.ts';

const tables = { placeOrder: 'POST /orders', listOrders: 'GET /orders', showOrder: 'GET /orders/{id}' } as const;

function door(stage: Stage, routes: RouteTable = tables): Template {
  const stack = new Stack(new App(), 'Alone');
  const config = configOf(stage);
  const context = new Context(stack, 'Orders', { config, errorImpact: 'Nobody can order' });
  const api = new ContextApi(context, 'Api', { entry: 'orders/api.ts', routes, env: NoEnv, values: {} });
  const common = { entry: 'ops/fallback.ts', description: 'Answers the lost', env: NoEnv, values: {} };
  const fallback = new ServiceFunction(context, 'Fallback', common);
  new PublicApi(stack, 'Door', { config, apis: [api], fallback });
  return Template.fromStack(stack);
}

const local = door('local');
const prod = door('prod');

const methods = (template: Template): Resource[] =>
  Object.values(template.findResources('AWS::ApiGateway::Method')) as Resource[];

describe('PublicApi', () => {
  it('has a method for each route, and one function behind all of a context', () => {
    expect(
      methods(local)
        .map(({ Properties }) => Properties['HttpMethod'])
        .toSorted(),
    ).toEqual(['ANY', 'ANY', 'GET', 'GET', 'POST']);
    local.hasResourceProperties('AWS::ApiGateway::Method', {
      HttpMethod: 'POST',
      Integration: {
        Type: 'AWS_PROXY',
        IntegrationHttpMethod: 'POST',
        Uri: {
          'Fn::Join': [
            '',
            Match.arrayWith([Match.stringLikeRegexp(':function:oncebox-local-orders-api/invocations$')]),
          ],
        },
      },
    });
  });

  it('asks one permission for each function, not two for each method', () => {
    local.resourceCountIs('AWS::Lambda::Permission', 2);
    local.hasResourceProperties('AWS::Lambda::Permission', {
      Principal: 'apigateway.amazonaws.com',
      SourceArn: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp('/local/\\*/\\*$')])] },
    });
  });

  it('takes signed requests only, except on a laptop', () => {
    for (const { Properties } of methods(prod)) expect(Properties['AuthorizationType']).toBe('AWS_IAM');
    for (const { Properties } of methods(local)) expect(Properties['AuthorizationType']).toBe('NONE');
  });

  it('is deployed when all of its methods are there, and anew when one changes', () => {
    const deployment = (template: Template) => Object.entries(template.findResources('AWS::ApiGateway::Deployment'))[0];
    const [id, { DependsOn }] = deployment(local) ?? ['', { DependsOn: [] }];
    for (const method of Object.keys(local.findResources('AWS::ApiGateway::Method')))
      expect(DependsOn).toContain(method);
    expect(deployment(door('local'))?.[0]).toBe(id);
    expect(deployment(door('local', { ...tables, refund: 'POST /orders/{id}/refund' }))?.[0]).not.toBe(id);
  });

  it('speaks of its own errors as the handlers speak of theirs', () => {
    const responses = Object.values(local.findResources('AWS::ApiGateway::GatewayResponse')) as Resource[];
    expect(responses.length).toBeGreaterThan(15);
    for (const { Properties } of responses) {
      const templates = Properties['ResponseTemplates'] as Record<string, string>;
      const body = JSON.parse(templates['application/json'] ?? '') as Record<string, unknown>;
      expect(Object.keys(body)).toEqual(['type', 'title', 'status', 'detail', 'code', 'correlation_id']);
      expect(String(body['status'])).toBe(Properties['StatusCode']);
      expect(Properties['ResponseParameters']).toMatchObject({
        'gatewayresponse.header.Content-Type': "'application/problem+json'",
      });
    }
    const says = (template: Template, type: string, status: string) =>
      template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', { ResponseType: type, StatusCode: status });
    says(local, 'REQUEST_TOO_LARGE', '413');
    says(local, 'MISSING_AUTHENTICATION_TOKEN', '404');
    says(prod, 'MISSING_AUTHENTICATION_TOKEN', '401');
    local.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'THROTTLED',
      ResponseParameters: Match.objectLike({ 'gatewayresponse.header.Retry-After': "'1'" }),
    });
  });

  it('is throttled, and on AWS traced, measured and logged', () => {
    prod.hasResourceProperties('AWS::ApiGateway::Stage', {
      StageName: 'prod',
      TracingEnabled: true,
      AccessLogSetting: { DestinationArn: Match.anyValue(), Format: Match.anyValue() },
      MethodSettings: [
        Match.objectLike({ ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000, MetricsEnabled: true }),
      ],
    });
    local.resourceCountIs('AWS::ApiGateway::Account', 0);
  });

  it('says where it is', () => {
    for (const output of ['ApiId', 'ApiStage', 'ApiUrl']) local.hasOutput(output, {});
  });
});
