import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { configOf } from '../../lib/config.ts';
import { alarmsOf } from '../support/alarms.ts';
import { synthesized } from '../support/synthesized.ts';

const COPY_REGION = 'eu-west-1';
const backedUp = synthesized('prod', { backup: { copyRegion: COPY_REGION } });

const only = (stack: string, type: string) => {
  const found = backedUp.resources.filter((resource) => resource.stack === stack && resource.Type === type);
  expect(found.map(({ id }) => id)).toHaveLength(1);
  return found[0]?.Properties ?? {};
};

describe('the backups of a stage', () => {
  test('do not exist unless a copy region is set', () => {
    const names = synthesized('prod').stacks.map(({ name }) => name);
    expect(names.filter((name) => name.includes('backup'))).toEqual([]);
    expect(configOf('prod').backup).toBeUndefined();
  });

  test('are daily, kept for 35 days, and copied to another region for 90 days', () => {
    const { BackupPlan } = only('oncebox-prod-backup', 'AWS::Backup::BackupPlan') as {
      BackupPlan: { BackupPlanRule: Record<string, unknown>[] };
    };
    expect(BackupPlan.BackupPlanRule).toHaveLength(1);
    expect(BackupPlan.BackupPlanRule[0]).toMatchObject({
      ScheduleExpression: 'cron(0 3 * * ? *)',
      Lifecycle: { DeleteAfterDays: 35 },
      CopyActions: [{ Lifecycle: { DeleteAfterDays: 90 } }],
    });
    const destination = JSON.stringify(BackupPlan.BackupPlanRule[0]?.['CopyActions']);
    expect(destination).toContain(`:backup:${COPY_REGION}:`);
    expect(destination).toContain(':backup-vault:oncebox-prod-backup-copies');
  });

  test('cover every table of the stage', () => {
    const { BackupSelection } = only('oncebox-prod-backup', 'AWS::Backup::BackupSelection') as {
      BackupSelection: { Resources: unknown[] };
    };
    const selected = BackupSelection.Resources.map(
      (resource) => /:table\/([\w-]+)/.exec(JSON.stringify(resource))?.[1],
    );
    const tables = backedUp.resources
      .filter(({ Type }) => Type === 'AWS::DynamoDB::Table')
      .map(({ Properties }) => Properties['TableName']);
    expect(selected.toSorted()).toEqual(tables.toSorted());
  });

  test('have a vault in each region, which stays when its stack is removed and whose policy denies the deletion of backups', () => {
    for (const [stack, name] of [
      ['oncebox-prod-backup', 'oncebox-prod-backups'],
      ['oncebox-prod-backup-copy', 'oncebox-prod-backup-copies'],
    ] as const) {
      const vault = backedUp.resources.find(
        ({ Type, stack: at }) => Type === 'AWS::Backup::BackupVault' && at === stack,
      );
      expect(vault).toMatchObject({ DeletionPolicy: 'Retain', Properties: { BackupVaultName: name } });
      expect(JSON.stringify(vault?.Properties['AccessPolicy'])).toMatch(
        /"Deny".*backup:DeleteRecoveryPoint|backup:DeleteRecoveryPoint.*"Deny"/,
      );
    }
    const copies = backedUp.app.synth().getStackByName('oncebox-prod-backup-copy');
    expect(copies.environment.region).toBe(COPY_REGION);
  });

  test('create the copy vault before the plan that copies to it', () => {
    const { dependencies } = backedUp.app.synth().getStackByName('oncebox-prod-backup');
    expect(dependencies.map(({ id }) => id)).toContain('oncebox-prod-backup-copy');
  });

  test('are reported to a queue with an alarm when a backup or a copy fails', () => {
    const rule = only('oncebox-prod-backup', 'AWS::Events::Rule');
    expect(rule['EventPattern']).toMatchObject({
      source: ['aws.backup'],
      'detail-type': ['Backup Job State Change', 'Copy Job State Change'],
      detail: {
        state: ['FAILED', 'ABORTED', 'EXPIRED', 'PARTIAL'],
        resourceArn: [{ wildcard: '*:table/oncebox-prod-*' }],
      },
    });
    const queue = backedUp.resources.find(
      ({ stack, Type }) => stack === 'oncebox-prod-backup' && Type === 'AWS::SQS::Queue',
    );
    expect(queue?.Properties).toMatchObject({ QueueName: 'oncebox-prod-backup-failed', SqsManagedSseEnabled: true });
    expect(rule['Targets']).toEqual([expect.objectContaining({ Arn: { 'Fn::GetAtt': [queue?.id, 'Arn'] } })]);
    const [alarm] = alarmsOf(backedUp).filter(({ stack }) => stack === 'oncebox-prod-backup');
    expect(alarm?.Properties).toMatchObject({
      AlarmName: 'oncebox-prod-backup-failed',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [queue?.id, 'QueueName'] } }],
      Threshold: 0,
    });
    expect(JSON.stringify(alarm?.Properties['AlarmActions'])).toContain(':oncebox-prod-alarms');
  });

  // EventBridge sends no account and no source to SNS, so a policy that allows it to publish would either drop each
  // message or accept the rules of all accounts. SQS gets both.
  test('let EventBridge send to the queue for the rule of this stage only, and to no topic', () => {
    const policies = backedUp.resources.filter(({ Type }) => Type === 'AWS::SNS::TopicPolicy');
    expect(policies.length).toBeGreaterThan(0);
    expect(JSON.stringify(policies)).not.toContain('events.amazonaws.com');
    const keys = backedUp.resources.filter(({ Type }) => Type === 'AWS::KMS::Key');
    expect(JSON.stringify(keys)).not.toContain('events.amazonaws.com');
    const { PolicyDocument } = only('oncebox-prod-backup', 'AWS::SQS::QueuePolicy') as {
      PolicyDocument: { Statement: { Effect: string; Principal: unknown; Condition?: unknown }[] };
    };
    const rule = backedUp.resources.find(
      ({ stack, Type }) => stack === 'oncebox-prod-backup' && Type === 'AWS::Events::Rule',
    );
    expect(PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Allow')).toEqual([
      expect.objectContaining({
        Principal: { Service: 'events.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [rule?.id, 'Arn'] } } },
      }),
    ]);
  });

  test('have a role for restores, with a name that is known without the region of the stage', () => {
    const roles = backedUp.resources.filter(
      ({ stack, Type }) => stack === 'oncebox-prod-backup' && Type === 'AWS::IAM::Role',
    );
    const restore = roles.find(({ Properties }) => Properties['RoleName'] === 'oncebox-prod-restores');
    expect(JSON.stringify(restore?.Properties['AssumeRolePolicyDocument'])).toContain('backup.amazonaws.com');
    expect(JSON.stringify(restore?.Properties['ManagedPolicyArns'])).toContain('AWSBackupServiceRolePolicyForRestores');
    const others = roles.filter((role) => role !== restore);
    expect(others).toHaveLength(1);
    expect(JSON.stringify(others)).not.toContain('ForRestores');
  });

  test('have no finding of cdk-nag that is not suppressed with a reason', () => {
    const { violations } = new AwsSolutionsChecks(backedUp.app).validateScope(backedUp.app);
    expect(violations.map(({ ruleName, violatingResources }) => [ruleName, violatingResources])).toEqual([]);
  });
});

describe('configOf', () => {
  test('takes the region of the copies as an override', () => {
    expect(configOf('prod', { backup: { copyRegion: 'eu-central-1' } }).backup).toMatchObject({
      copyRegion: 'eu-central-1',
    });
  });

  test.each([
    ['prod', { copyRegion: 'europe' }, 'backup.copyRegion is "europe". It must be a region such as eu-west-1.'],
    [
      'prod',
      { copyRegion: 'eu-west-1', region: 'eu-west-1' },
      'backup.copyRegion is eu-west-1, the region of the stage',
    ],
    ['local', { copyRegion: 'eu-west-1' }, 'The stage local has no backups, because only AWS has AWS Backup.'],
    ['dev', { copyRegion: 'eu-west-1' }, 'The stage dev does not retain its data, so it has no backups.'],
  ])('rejects backups of %s with %j', (stage, backup, message) =>
    expect(() => configOf(stage, { backup })).toThrow(message),
  );
});
