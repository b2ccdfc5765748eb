import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { BackupPlan, BackupPlanRule, BackupResource, BackupSelection, BackupVault } from 'aws-cdk-lib/aws-backup';
import { Match, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { type BackupSettings, nameOf, type StageConfig } from './config.ts';
import { backupFailedRuleName } from './constructs/alarm-topic.ts';
import { alarmTopicName } from './constructs/monitoring.ts';
import type { ContextTable } from './constructs/outbox-table.ts';
import { StageStack } from './constructs/stage-stack.ts';
import { suppress } from './constructs/suppress.ts';

const copyVaultName = (config: StageConfig): string => nameOf(config, 'backup-copies');

/** The states in which a job of AWS Backup has ended without a usable backup. */
const FAILED_STATES = ['FAILED', 'ABORTED', 'EXPIRED', 'PARTIAL'];

/** Its policy lets nobody delete a backup before the backup expires, and it stays when its stack is removed. */
const createVault = (scope: Construct, backupVaultName: string): BackupVault =>
  new BackupVault(scope, 'Vault', {
    backupVaultName,
    blockRecoveryPointDeletion: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });

/** The vault for the copies of backups, in a region of its own. CDK must be bootstrapped there too. */
export class BackupCopyStack extends StageStack {
  constructor(app: Construct, config: StageConfig, { copyRegion }: BackupSettings) {
    super(app, { config, name: 'backup-copy', description: 'copies of the backups', env: { region: copyRegion } });
    createVault(this, copyVaultName(config));
  }
}

interface BackupStackProps {
  readonly backup: BackupSettings;
  readonly tables: readonly ContextTable[];
  readonly after: readonly Stack[];
}

/** Daily backups of all tables by AWS Backup, each copied to another region. */
export class BackupStack extends StageStack {
  constructor(app: Construct, config: StageConfig, { backup, tables, after }: BackupStackProps) {
    super(app, { config, name: 'backup', description: 'backups of the tables', dependsOn: after });
    const plan = this.createPlan(backup);
    const selection = new BackupSelection(this, 'Tables', {
      backupPlan: plan,
      backupSelectionName: 'tables',
      resources: tables.map(({ arn }) => BackupResource.fromArn(arn)),
    });
    suppress(selection, {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]':
        'AWS provides this policy for the role of AWS Backup, and extends it when the service needs more.',
    });
    this.reportFailures();
  }

  private createPlan({ copyRegion, keepDays, keepCopiesDays }: BackupSettings): BackupPlan {
    const copyVaultArn = Stack.of(this).formatArn({
      service: 'backup',
      region: copyRegion,
      resource: 'backup-vault',
      resourceName: copyVaultName(this.config),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    return new BackupPlan(this, 'Plan', {
      backupPlanName: nameOf(this.config, 'tables'),
      backupVault: createVault(this, nameOf(this.config, 'backups')),
      backupPlanRules: [
        new BackupPlanRule({
          ruleName: 'daily',
          scheduleExpression: Schedule.expression('cron(0 3 * * ? *)'),
          deleteAfter: Duration.days(keepDays),
          copyActions: [
            {
              destinationBackupVault: BackupVault.fromBackupVaultArn(this, 'CopyVault', copyVaultArn),
              deleteAfter: Duration.days(keepCopiesDays),
            },
          ],
        }),
      ],
    });
  }

  /** AWS Backup publishes the end of each job on the default bus of the account. */
  private reportFailures(): void {
    const topicArn = this.formatArn({
      service: 'sns',
      resource: alarmTopicName(this.config),
      arnFormat: ArnFormat.NO_RESOURCE_NAME,
    });
    new Rule(this, 'Failed', {
      ruleName: backupFailedRuleName(this.config),
      description: 'A backup of a table or its copy has failed. What to do: docs/runbook.md#restore-a-table',
      eventPattern: {
        source: ['aws.backup'],
        detailType: ['Backup Job State Change', 'Copy Job State Change'],
        detail: { state: FAILED_STATES, resourceArn: Match.wildcard(`*:table/${nameOf(this.config)}-*`) },
      },
      targets: [
        new SnsTopic(Topic.fromTopicArn(this, 'Alarms', topicArn), {
          message: RuleTargetInput.fromEventPath('$.detail'),
        }),
      ],
    });
  }
}
