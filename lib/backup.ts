import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { BackupPlan, BackupPlanRule, BackupResource, BackupSelection, BackupVault } from 'aws-cdk-lib/aws-backup';
import { Match, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { type BackupSettings, nameOf, type StageConfig } from './config.ts';
import { createDlq } from './constructs/dead-letter-queue.ts';
import { alarm, minutes } from './constructs/monitoring.ts';
import type { ContextTable } from './constructs/outbox-table.ts';
import { StageStack } from './constructs/stage-stack.ts';
import { suppress } from './constructs/suppress.ts';

const copyVaultName = (config: StageConfig): string => nameOf(config, 'backup-copies');

/** The states in which a job of AWS Backup has ended without a usable backup. */
const FAILED_STATES = ['FAILED', 'ABORTED', 'EXPIRED', 'PARTIAL'];

/**
 * Its policy denies the deletion of backups, so that only somebody who may change the policy can delete one before it
 * expires. It stays when its stack is removed.
 */
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
    suppress(selection, managedPolicyFinding(BACKUP_POLICY));
    this.createRestoreRole();
    this.reportFailures();
  }

  /** Its name is fixed, because roles outlive a region, but the outputs of a stack do not. */
  private createRestoreRole(): void {
    const role = new Role(this, 'Restores', {
      roleName: nameOf(this.config, 'restores'),
      description: 'Restores tables from backups: docs/runbook.md#restore-a-table',
      assumedBy: new ServicePrincipal('backup.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(RESTORE_POLICY)],
    });
    suppress(role, managedPolicyFinding(RESTORE_POLICY));
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

  /**
   * AWS Backup publishes the end of each job on the default bus of the account. The failed ones go to a queue with an
   * alarm and not to the alarm topic: EventBridge sends no account to SNS, so the topic would have to accept the rules
   * of all accounts.
   */
  private reportFailures(): void {
    const name = 'backup-failed';
    const queue = createDlq(this, 'Failures', {
      config: this.config,
      name,
      retention: Duration.days(14),
      reason: 'Nothing consumes it. Its messages are the reports of failed backups.',
    });
    new Rule(this, 'Failed', {
      ruleName: nameOf(this.config, name),
      description: `Failed backups of tables and failed copies to ${name}`,
      eventPattern: {
        source: ['aws.backup'],
        detailType: ['Backup Job State Change', 'Copy Job State Change'],
        detail: { state: FAILED_STATES, resourceArn: Match.wildcard(`*:table/${nameOf(this.config)}-*`) },
      },
      targets: [new SqsQueue(queue, { message: RuleTargetInput.fromEventPath('$.detail') })],
    });
    alarm(
      this,
      'FailedAlarm',
      {
        name,
        metric: queue.metricApproximateNumberOfMessagesVisible({ period: minutes(1), statistic: 'Maximum' }),
        errorImpact: 'A table has no backup of this night, or no copy of it in the other region',
        runbook: 'failed-backups',
        isEssential: true,
        notifiesAlone: true,
      },
      { config: this.config, alarms: [] },
    );
  }
}

const BACKUP_POLICY = 'service-role/AWSBackupServiceRolePolicyForBackup';
const RESTORE_POLICY = 'service-role/AWSBackupServiceRolePolicyForRestores';

const managedPolicyFinding = (policy: string) => ({
  [`AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`]:
    'AWS provides this policy for the role of AWS Backup, and extends it when the service needs more.',
});
