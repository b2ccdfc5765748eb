import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { folders, keptDays } from '../../lambdas/reports/table.ts';
import { nameOf, type StageConfig } from '../config.ts';
import type { Access } from './access.ts';
import { suppress } from './suppress.ts';

type Folder = keyof typeof folders;
/** The name contains account and region, because the names of buckets are unique in the world. */
export const reportBucketName = (scope: Construct, config: StageConfig): string => {
  const { account, region } = Stack.of(scope);
  return nameOf(config, 'reports', account, region);
};

/**
 * The files of reports. They can be made again from the tables, except for the state that orders had on a past day, so
 * they have no versions and no backup. CloudFormation deletes the bucket with its stack only if it is empty: S3 refuses
 * to delete one with objects, in any stage (docs/runbook.md, "Remove a stage").
 */
export class ReportBucket extends Construct {
  readonly name: string;

  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id);
    this.name = reportBucketName(this, config);
    const bucket = new Bucket(this, 'Bucket', {
      bucketName: this.name,
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      // Every object is written by one report, and only that report may write it again, with the same content.
      versioned: false,
      removalPolicy: RemovalPolicy.DESTROY,
      lifecycleRules: [
        ...(Object.keys(folders) as Folder[]).map((folder) => ({
          id: folder,
          prefix: folders[folder],
          expiration: Duration.days(keptDays[folder]),
        })),
        // An upload belongs to a report whose parts still exist.
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(keptDays.parts) },
      ],
    });
    suppress(bucket, {
      'AwsSolutions-S1':
        'Access logs need a second bucket. Each link is made by a request, which the access log of the API shows.',
    });
  }

  /** Allows reading the objects of some folders. */
  reads = (...from: readonly Folder[]): Access => this.#allows('s3:GetObject', from);

  /** Allows writing objects into some folders. Uploads in parts need the same permission. */
  writes = (...to: readonly Folder[]): Access => this.#allows('s3:PutObject', to);

  #allows(action: string, names: readonly Folder[]): Access {
    const { partition, account, region } = Stack.of(this);
    const resources = names.map((name) => `arn:${partition}:s3:::${this.name}/${folders[name]}*`);
    // cdk-nag writes the parameters of CloudFormation by their names.
    const named = (arn: string) =>
      Object.entries({ 'AWS::Partition': partition, 'AWS::AccountId': account, 'AWS::Region': region }).reduce(
        (text, [name, token]) => (Token.isUnresolved(token) ? text.replaceAll(token, `<${name}>`) : text),
        arn,
      );
    const reason = 'The objects of a folder have no common name. The permission is for this folder only.';
    const acceptedFindings = Object.fromEntries(
      resources.map((resource) => [`AwsSolutions-IAM5[Resource::${named(resource)}]`, reason]),
    );
    return { actions: [action], resources, acceptedFindings };
  }
}
