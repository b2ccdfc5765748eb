import { describe, expect, test } from 'vitest';
import { DOCUMENTED_STAGE, withTable } from '../../bin/permissions.ts';
import type { Stage } from '../../lib/config.ts';
import { type Grant, grantsForLambda, grantsIn } from '../../tools/grants.ts';
import { unusedGrants } from '../support/call-log.ts';
import { textOf } from '../support/source-tree.ts';
import { synthesized } from '../support/synthesized.ts';

const templatesOf = (stage: Stage) => synthesized(stage).stacks.map(({ json }) => json);
interface QueueStatement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Principal: unknown;
  readonly Resource: unknown;
  readonly Condition?: { readonly ArnEquals: Readonly<Record<string, unknown>> };
}

const describeGrant = ({ function: name, action, resource }: Grant) => `${name} ${action} ${resource}`;

test('docs/security.md is up to date (otherwise run npm run permissions)', () => {
  const document = textOf('docs/security.md');
  expect(document).toEqual(withTable(document, templatesOf(DOCUMENTED_STAGE)));
});

describe.each<Stage>(['test', 'prod'])('the %s stage', (stage) => {
  const templates = templatesOf(stage);
  const grants = grantsIn(templates);

  test('grants everything that Lambda needs to poll sources and to write logs and traces', () => {
    const granted = new Set(grants.map(describeGrant));
    const missing = grantsForLambda(templates)
      .map(describeGrant)
      .filter((grant) => !granted.has(grant));
    expect(missing).toEqual([]);
  });

  test('grants each action on a resource once to each function', () => {
    const all = grants.map(describeGrant);
    expect(all.filter((grant, index) => all.indexOf(grant) !== index)).toEqual([]);
  });

  test('has no policy beside the roles of the functions', () => {
    const types = synthesized(stage).resources.map(({ Type }) => Type);
    expect(types.filter((type) => /^AWS::IAM::(Policy|ManagedPolicy|RolePolicy|UserPolicy)$/.test(type))).toEqual([]);
  });
});

describe.each<Stage>(['test', 'prod'])('the policies of queues and functions of the %s stage', (stage) => {
  const resourcesOf = (type: string) =>
    synthesized(stage).resources.filter((resource) => resource.Type === type && !resource.stack.endsWith('-aws'));
  const idOf = (value: unknown): string => (value as { 'Fn::GetAtt'?: string[] })?.['Fn::GetAtt']?.[0] ?? '';
  const rules = resourcesOf('AWS::Events::Rule').map(({ id, Properties }) => ({
    id,
    targets: Properties['Targets'] as readonly { Arn: unknown; DeadLetterConfig: { Arn: unknown } }[],
  }));
  const queues = new Set(resourcesOf('AWS::SQS::Queue').map(({ id }) => id));

  test('let each rule send to its queue and to its DLQ, and no one else', () => {
    const allowed = resourcesOf('AWS::SQS::QueuePolicy').flatMap(({ Properties }) =>
      (Properties['PolicyDocument'] as { Statement: QueueStatement[] }).Statement.filter(
        ({ Effect }) => Effect === 'Allow',
      ).map(({ Action, Principal, Condition, Resource }) => {
        expect(Principal).toEqual({ Service: 'events.amazonaws.com' });
        // The CDK adds two actions that read the queue's URL and attributes.
        expect([Action].flat().filter((action) => !action.startsWith('sqs:GetQueue'))).toEqual(['sqs:SendMessage']);
        return `${idOf(Condition?.ArnEquals['aws:SourceArn'])} to ${idOf(Resource)}`;
      }),
    );
    const needed = rules.flatMap(({ id, targets }) =>
      targets
        .flatMap(({ Arn, DeadLetterConfig }) => [idOf(Arn), idOf(DeadLetterConfig.Arn)])
        .filter((target) => queues.has(target))
        .map((queue) => `${id} to ${queue}`),
    );
    expect(needed.length).toBeGreaterThan(20);
    expect(allowed.sort()).toEqual(needed.sort());
  });

  test('let services invoke a function only from a named source', () => {
    const permissions = resourcesOf('AWS::Lambda::Permission');
    expect(permissions.length).toBeGreaterThan(5);
    for (const { id, Properties } of permissions) expect(Properties['SourceArn'], id).toBeDefined();
    const scheduled = rules.flatMap(({ targets }) =>
      targets.map(({ Arn }) => idOf(Arn)).filter((id) => !queues.has(id)),
    );
    const invoked = permissions
      .filter(({ Properties }) => Properties['Principal'] === 'events.amazonaws.com')
      .map(({ Properties }) => idOf(Properties['FunctionName']));
    expect(invoked.sort()).toEqual(scheduled.sort());
  });
});

test('the documented stage has every grant of the stage on which the tests run', () => {
  const withoutStage = (stage: Stage) =>
    grantsIn(templatesOf(stage)).map((grant) =>
      describeGrant(grant).replaceAll(new RegExp(`oncebox(.)${stage}`, 'g'), ''),
    );
  const documented = new Set(withoutStage(DOCUMENTED_STAGE));
  expect(withoutStage('test').filter((grant) => !documented.has(grant))).toEqual([]);
});

describe('unusedGrants', () => {
  const grant = { function: 'f', action: 'sqs:SendMessage', resource: 'queue' };
  const call = { caller: 'f', action: 'sqs:SendMessage', resource: 'queue', refusal: null };

  test('names a grant that no call and not Lambda uses', () => {
    expect(unusedGrants([grant], [], [])).toEqual(['f may sqs:SendMessage on queue']);
    expect(unusedGrants([grant], [], [call])).toEqual([]);
    expect(unusedGrants([grant], [grant], [])).toEqual([]);
  });

  test.each([
    ['another function', { ...call, caller: 'g' }],
    ['another action', { ...call, action: 'sqs:ReceiveMessage' }],
    ['another resource', { ...call, resource: 'other' }],
    ['a refused call', { ...call, refusal: 'Deny: Explicit deny' }],
  ])('does not take %s for a use', (_, other) => {
    expect(unusedGrants([grant], [], [other])).toHaveLength(1);
  });
});
