import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { NoEnv } from '../../lambdas/shared/runtime/env.ts';
import { configOf, type Stage } from '../../lib/config.ts';
import { Context } from '../../lib/constructs/context.ts';
import { ContextApi, type RouteTable } from '../../lib/constructs/context-api.ts';
import { PublicApi } from '../../lib/constructs/public-api.ts';
import { ServiceFunction } from '../../lib/constructs/service-function.ts';
import type { Resource } from '../support/synthesized.ts';

const routes = { placeOrder: 'POST /orders', listOrders: 'GET /orders', showOrder: 'GET /orders/{id}' } as const;

function synthesizeApi(stage: Stage, table: RouteTable = routes): Template {
  const stack = new Stack(new App(), 'Alone');
  const config = configOf(stage);
  const context = new Context(stack, 'Orders', { config, errorImpact: 'Customers cannot order' });
  const api = new ContextApi(context, { routes: table, env: NoEnv, values: {} });
  const fallback = new ServiceFunction(context, 'Fallback', {
    entry: 'ops/fallback.ts',
    description: 'Responds to unknown routes',
    invokedBy: 'api',
    env: NoEnv,
    values: {},
  });
  new PublicApi(stack, 'PublicApi', { config, apis: [api], fallback });
  return Template.fromStack(stack);
}

// Synthesized before the tests, because it may take longer than a test's timeout on a busy machine.
const local = synthesizeApi('local');
const prod = synthesizeApi('prod');
const localAgain = synthesizeApi('local');
const localWithRefund = synthesizeApi('local', { ...routes, refund: 'POST /orders/{id}/refund' });

const methods = (template: Template): Resource[] =>
  Object.values(template.findResources('AWS::ApiGateway::Method')) as Resource[];

describe('PublicApi', () => {
  test('has a method for each route, integrated with the one function of its context', () => {
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

  test('has one permission for each route of a context, of its stage, method and path', () => {
    local.resourceCountIs('AWS::Lambda::Permission', 3);
    for (const request of ['POST/orders', 'GET/orders', 'GET/orders/\\*'])
      local.hasResourceProperties('AWS::Lambda::Permission', {
        Principal: 'apigateway.amazonaws.com',
        SourceArn: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(`:\\*/local/${request}$`)])] },
      });
  });

  test('requires signed requests, except on local stages', () => {
    for (const { Properties } of methods(prod)) expect(Properties['AuthorizationType']).toBe('AWS_IAM');
    for (const { Properties } of methods(local)) expect(Properties['AuthorizationType']).toBe('NONE');
  });

  test('deploys after all of its methods, and again when one changes', () => {
    const findDeployment = (template: Template) =>
      Object.entries(template.findResources('AWS::ApiGateway::Deployment'))[0];
    const [id, { DependsOn }] = findDeployment(local) ?? ['', { DependsOn: [] }];
    for (const method of Object.keys(local.findResources('AWS::ApiGateway::Method')))
      expect(DependsOn).toContain(method);
    expect(findDeployment(localAgain)?.[0]).toBe(id);
    expect(findDeployment(localWithRefund)?.[0]).not.toBe(id);
  });

  test('answers its own errors in the form of the handlers', () => {
    const responses = Object.values(local.findResources('AWS::ApiGateway::GatewayResponse')) as Resource[];
    expect(responses.length).toBeGreaterThan(15);
    for (const { Properties } of responses) {
      const templates = Properties['ResponseTemplates'] as Record<string, string>;
      const body = JSON.parse(templates['application/json'] ?? '') as Record<string, unknown>;
      expect(Object.keys(body)).toEqual(['type', 'title', 'status', 'detail', 'code', 'correlation_id']);
      expect(String(body['status'])).toBe(Properties['StatusCode']);
      expect(body['detail']).toMatch(/^[A-Z].*\.$/);
      expect(Properties['ResponseParameters']).toMatchObject({
        'gatewayresponse.header.Content-Type': "'application/problem+json'",
      });
    }
    const expectResponse = (template: Template, type: string, status: string) =>
      template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', { ResponseType: type, StatusCode: status });
    expectResponse(local, 'REQUEST_TOO_LARGE', '413');
    expectResponse(local, 'MISSING_AUTHENTICATION_TOKEN', '404');
    expectResponse(prod, 'MISSING_AUTHENTICATION_TOKEN', '401');
    local.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'THROTTLED',
      ResponseParameters: Match.objectLike({ 'gatewayresponse.header.Retry-After': "'1'" }),
    });
  });

  test('promises that nothing was changed only for errors before the handler runs', () => {
    const responses = Object.values(prod.findResources('AWS::ApiGateway::GatewayResponse')) as Resource[];
    const details = responses.map(({ Properties }) => ({
      type: String(Properties['ResponseType']),
      status: Number(Properties['StatusCode']),
      text: JSON.stringify(Properties['ResponseTemplates']),
    }));
    const promising = details.filter(({ text }) => text.includes('Nothing was changed'));
    // API_CONFIGURATION_ERROR is also the type of a response of a handler that the gateway cannot read.
    expect(promising.map(({ type }) => type).toSorted()).toEqual([
      'AUTHORIZER_CONFIGURATION_ERROR',
      'AUTHORIZER_FAILURE',
    ]);
    const others = details.filter((response) => response.status >= 500 && !promising.includes(response));
    expect(others.length).toBeGreaterThanOrEqual(4);
    for (const { type, text } of others) expect(text, type).toContain('Idempotency-Key');
  });

  test('has throttling, and on AWS traces and access logs', () => {
    prod.hasResourceProperties('AWS::ApiGateway::Stage', {
      StageName: 'prod',
      TracingEnabled: true,
      AccessLogSetting: { DestinationArn: Match.anyValue(), Format: Match.anyValue() },
      MethodSettings: [
        Match.objectLike({ ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000, MetricsEnabled: false }),
      ],
    });
    local.resourceCountIs('AWS::ApiGateway::Account', 0);
  });

  test('has its id, stage and URL as outputs', () => {
    for (const output of ['ApiId', 'ApiStage', 'ApiUrl']) local.hasOutput(output, {});
  });
});
