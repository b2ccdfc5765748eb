import { RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from './config.ts';
import { StageStack } from './constructs/stage-stack.ts';

export const tableKeyAlias = (config: StageConfig): string => `alias/${nameOf(config, 'tables')}`;

/**
 * The customer key that encrypts the tables, in a stack of its own, since the data stack contains tables only. Without
 * the key the tables and all of their backups are lost, so it remains when its stack is removed.
 */
export class KeyStack extends StageStack {
  constructor(app: Construct, config: StageConfig) {
    super(app, { config, name: 'keys', description: 'the key of the tables', terminationProtection: true });
    const key = new Key(this, 'Tables', {
      alias: tableKeyAlias(config),
      description: `Encrypts the tables of ${nameOf(config)}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // DynamoDB asks for the key in the name of the caller. Whoever may use a table may use its key, and only so.
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: [
          'kms:Encrypt',
          'kms:Decrypt',
          'kms:ReEncrypt*',
          'kms:GenerateDataKey*',
          'kms:CreateGrant',
          'kms:DescribeKey',
        ],
        resources: ['*'],
        conditions: {
          StringEquals: {
            'kms:CallerAccount': this.account,
            'kms:ViaService': `dynamodb.${this.region}.amazonaws.com`,
          },
        },
      }),
    );
  }
}
