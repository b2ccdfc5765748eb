import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { OrdersEnv } from '../../lambdas/orders/env.ts';
import type { Stage } from '../../lib/config.ts';
import { ServiceFunction } from '../../lib/constructs/service-function.ts';
import { inContext, only } from '../support/synthesized.ts';

const synthesizeFunction = (stage: Stage): Template =>
  inContext(stage, (context) => {
    new ServiceFunction(context, 'PlaceOrder', {
      entry: 'orders/api.ts',
      invokedBy: 'api',
      description: 'Places orders',
      env: OrdersEnv,
      values: { ORDERS_TABLE: 'a-table' },
      access: [{ actions: ['dynamodb:GetItem'], resources: ['arn:aws:dynamodb:us-east-1:123456789012:table/a-table'] }],
    });
  });

const local = synthesizeFunction('local');
const prod = synthesizeFunction('prod');

describe('ServiceFunction', () => {
  test('has a name and a log group of its stage, context and file', () => {
    local.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'oncebox-local-orders-api',
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: Match.anyValue(),
      Timeout: Match.anyValue(),
      LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp('Logs') } },
    });
    local.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: '/aws/lambda/oncebox-local-orders-api',
      RetentionInDays: 7,
    });
  });

  test('has the variables of its schema and its service name in the environment', () => {
    prod.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: {
          ORDERS_TABLE: 'a-table',
          STAGE: 'prod',
          POWERTOOLS_SERVICE_NAME: 'orders',
          POWERTOOLS_LOG_LEVEL: 'INFO',
        },
      },
    });
  });

  test('may use its access and its own log group, and nothing else', () => {
    const role = only(prod, 'AWS::IAM::Role');
    expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
    prod.resourceCountIs('AWS::IAM::Policy', 0);
    prod.hasResourceProperties('AWS::IAM::Role', {
      Policies: [
        {
          PolicyDocument: {
            Statement: [
              { Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: { 'Fn::GetAtt': Match.anyValue() } },
              { Action: 'dynamodb:GetItem', Resource: 'arn:aws:dynamodb:us-east-1:123456789012:table/a-table' },
              { Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Resource: '*' },
            ],
          },
        },
      ],
    });
  });

  test('is traced on AWS only', () => {
    prod.hasResourceProperties('AWS::Lambda::Function', { TracingConfig: { Mode: 'Active' } });
    expect(only(local, 'AWS::Lambda::Function').Properties).not.toHaveProperty('TracingConfig');
  });

  test('reads the chaos parameter if the stage has chaos', () => {
    local.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ CHAOS_PARAMETER: '/oncebox/local/chaos' }) },
    });
    expect(JSON.stringify(local.toJSON())).toContain('ssm:GetParameter');
    expect(JSON.stringify(prod.toJSON())).not.toMatch(/chaos|ssm:/);
  });

  test('rejects an entry that exports no handler', () => {
    expect(() =>
      inContext('local', (context) => {
        new ServiceFunction(context, 'Missing', {
          entry: 'orders/missing.ts',
          invokedBy: 'api',
          description: '',
          env: OrdersEnv,
          // @ts-expect-error A missing value does not compile.
          values: {},
        });
      }),
    ).toThrow('lambdas/orders/missing.ts exports no handler');
  });
});
