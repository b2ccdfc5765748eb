import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { OrdersEnv } from '../../lambdas/orders/env.ts';
import type { Stage } from '../../lib/config.ts';
import { ServiceFunction } from '../../lib/constructs/service-function.ts';
import { inContext, only } from '../support/synthesized.ts';

const build = (stage: Stage): Template =>
  inContext(stage, (context) => {
    new ServiceFunction(context, 'PlaceOrder', {
      entry: 'orders/api.ts',
      description: 'Takes orders',
      env: OrdersEnv,
      values: { ORDERS_TABLE: 'a-table' },
      access: [{ actions: ['dynamodb:GetItem'], resources: ['arn:aws:dynamodb:us-east-1:123456789012:table/a-table'] }],
    });
  });

const templates = { local: build('local'), prod: build('prod') };
const alone = (stage: 'local' | 'prod'): Template => templates[stage];

describe('ServiceFunction', () => {
  it('is named after its stage, context and file, and so are its logs', () => {
    const template = alone('local');
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'oncebox-local-orders-api',
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: Match.anyValue(),
      Timeout: Match.anyValue(),
      LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp('Logs') } },
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: '/aws/lambda/oncebox-local-orders-api',
      RetentionInDays: 7,
    });
  });

  it('finds in its environment what its schema names, and who it is', () => {
    alone('prod').hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: {
          ORDERS_TABLE: 'a-table',
          STAGE: 'prod',
          POWERTOOLS_SERVICE_NAME: 'orders',
          POWERTOOLS_METRICS_NAMESPACE: 'Oncebox',
          POWERTOOLS_LOG_LEVEL: 'INFO',
        },
      },
    });
  });

  it('may do what it was given, write its own log, and nothing else', () => {
    const template = alone('prod');
    const role = only(template, 'AWS::IAM::Role');
    expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
    template.resourceCountIs('AWS::IAM::Policy', 0);
    template.hasResourceProperties('AWS::IAM::Role', {
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

  it('is traced on AWS alone', () => {
    alone('prod').hasResourceProperties('AWS::Lambda::Function', { TracingConfig: { Mode: 'Active' } });
    expect(only(alone('local'), 'AWS::Lambda::Function').Properties).not.toHaveProperty('TracingConfig');
  });

  it('hears of chaos where the stage has it', () => {
    alone('local').hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ CHAOS_PARAMETER: '/oncebox/local/chaos' }) },
    });
    expect(JSON.stringify(alone('local').toJSON())).toContain('ssm:GetParameter');
    expect(JSON.stringify(alone('prod').toJSON())).not.toMatch(/chaos|ssm:/);
  });

  it('needs a handler that is there', () => {
    expect(() =>
      inContext('local', (context) => {
        new ServiceFunction(context, 'Gone', {
          entry: 'orders/gone.ts',
          description: '',
          env: OrdersEnv,
          // @ts-expect-error a forgotten value does not compile
          values: {},
        });
      }),
    ).toThrow('lambdas/orders/gone.ts exports no handler');
  });
});
