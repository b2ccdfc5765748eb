import { describe, expect, test } from 'vitest';
import { grantsForLambda, grantsIn } from '../../../tools/grants.ts';
import { permissionTable } from '../../../tools/permission-table.ts';
import { resolveText, type Template } from '../../../tools/template-values.ts';

const allow = (Action: string | string[], Resource: unknown) => ({ Effect: 'Allow', Action, Resource });
const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

/** A stack with one function, which consumes a queue and reads a table whose stream another stack exports. */
const stack: Template = {
  Resources: {
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'oncebox-dev-work' } },
    Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/aws/lambda/oncebox-dev-orders-on-work' } },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        Policies: [
          {
            PolicyDocument: {
              Statement: [
                allow(['logs:CreateLogStream', 'logs:PutLogEvents'], arnOf('Logs')),
                allow(['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'], arnOf('Queue')),
                allow('sqs:SendMessage', arnOf('Queue')),
                allow('dynamodb:GetItem', [
                  {
                    'Fn::Join': [
                      '',
                      [
                        'arn:',
                        { Ref: 'AWS::Partition' },
                        ':dynamodb:',
                        { Ref: 'AWS::Region' },
                        ':0:table/oncebox-dev-orders',
                      ],
                    ],
                  },
                ]),
                { Effect: 'Deny', Action: 'dynamodb:DeleteItem', Resource: '*' },
              ],
            },
          },
        ],
      },
    },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'oncebox-dev-orders-on-work',
        Role: arnOf('Role'),
        LoggingConfig: { LogGroup: { Ref: 'Logs' } },
      },
    },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { FunctionName: { Ref: 'Function' }, EventSourceArn: arnOf('Queue') },
    },
  },
};
const data: Template = {
  Resources: { Table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'oncebox-dev-orders' } } },
  Outputs: { Stream: { Export: { Name: 'orders-stream' }, Value: { 'Fn::GetAtt': ['Table', 'StreamArn'] } } },
};
const queue = 'arn:aws:sqs:us-east-1:000000000000:oncebox-dev-work';

describe('grantsIn', () => {
  test('returns each allowed action on each resource, and nothing that is denied', () => {
    const grants = grantsIn([stack]).map(({ action, resource }) => `${action} ${resource}`);
    expect(grants).toEqual([
      'logs:CreateLogStream arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/oncebox-dev-orders-on-work:*',
      'logs:PutLogEvents arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/oncebox-dev-orders-on-work:*',
      `sqs:DeleteMessage ${queue}`,
      `sqs:GetQueueAttributes ${queue}`,
      `sqs:ReceiveMessage ${queue}`,
      `sqs:SendMessage ${queue}`,
      'dynamodb:GetItem arn:aws:dynamodb:us-east-1:0:table/oncebox-dev-orders',
    ]);
  });
});

describe('grantsForLambda', () => {
  test('returns what the polling of a queue and the logs need', () => {
    expect(grantsForLambda([stack]).map(({ action }) => action)).toEqual([
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ]);
  });
});

test('grantsForLambda returns what the failed runs of a schedule need', () => {
  const FunctionName = { Ref: 'Function' };
  const Properties = { FunctionName, DestinationConfig: { OnFailure: { Destination: arnOf('Queue') } } };
  const scheduled: Template = {
    Resources: { ...stack.Resources, Config: { Type: 'AWS::Lambda::EventInvokeConfig', Properties } },
  };
  expect(grantsForLambda([scheduled])).toContainEqual({
    function: 'oncebox-dev-orders-on-work',
    action: 'sqs:SendMessage',
    resource: queue,
  });
});

describe('permissionTable', () => {
  test('has a line for each function, resource and user, without the stage and the account', () => {
    const api = [{ function: 'oncebox-dev-orders-api', action: 'events:PutEvents', resource: '*' }];
    const table = permissionTable({
      stage: 'dev',
      grants: [...grantsIn([stack]), ...api],
      forLambda: grantsForLambda([stack]),
    });
    expect(table.split('\n').slice(2)).toEqual([
      '| orders-api | `events:PutEvents` | `*` | handler |',
      '| orders-on-work | `sqs:SendMessage` | `oncebox-<stage>-work` | handler |',
      '| orders-on-work | `dynamodb:GetItem` | `table/oncebox-<stage>-orders` | handler |',
      '| orders-on-work | `logs:CreateLogStream`, `logs:PutLogEvents` | `log-group:/aws/lambda/oncebox-<stage>-<function>:*` | Lambda |',
      '| orders-on-work | `sqs:DeleteMessage`, `sqs:GetQueueAttributes`, `sqs:ReceiveMessage` | `oncebox-<stage>-work` | Lambda |',
    ]);
  });

  test('has one line for what every function may do', () => {
    const grants = ['a', 'b'].map((name) => ({ function: name, action: 'xray:PutTraceSegments', resource: '*' }));
    const table = permissionTable({ stage: 'dev', grants, forLambda: grants });
    expect(table.split('\n').slice(2)).toEqual(['| each function | `xray:PutTraceSegments` | `*` | Lambda |']);
  });
});

describe('resolveText', () => {
  test('resolves an export of another stack', () => {
    expect(resolveText({ 'Fn::ImportValue': 'orders-stream' }, stack, [stack, data])).toBe(
      'arn:aws:dynamodb:us-east-1:000000000000:table/oncebox-dev-orders/stream/*',
    );
  });

  test.each([
    [{ 'Fn::Sub': 'text' }, 'cannot be resolved'],
    [{ Ref: 'Queue' }, 'cannot be resolved'],
    [{ 'Fn::GetAtt': ['Queue', 'QueueUrl'] }, 'The attribute QueueUrl of Queue (AWS::SQS::Queue) cannot be resolved'],
    [{ 'Fn::ImportValue': 'nothing' }, 'No stack exports nothing'],
  ])('throws for %j instead of leaving out a resource', (value, message) => {
    expect(() => resolveText(value, stack, [stack, data])).toThrow(message);
  });
});
