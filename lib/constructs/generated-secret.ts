import { RemovalPolicy } from 'aws-cdk-lib';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Access } from './access.ts';
import { Context } from './context.ts';
import { suppress } from './suppress.ts';

interface GeneratedSecretProps {
  readonly description: string;
  /** Says which job writes the next version, for the finding that Secrets Manager does not rotate the secret itself. */
  readonly rotatedBy: string;
}

/** A secret that Secrets Manager generates, so that nobody has ever seen it. It costs $0.40 a month. */
export class GeneratedSecret extends Construct {
  /** The ARN. A reference to the resource would be the name of the secret on one of the engines. */
  readonly arn: string;

  constructor(scope: Construct, id: string, { description, rotatedBy }: GeneratedSecretProps) {
    super(scope, id);
    const { retainData } = Context.of(this).config;
    const secret = new Secret(this, 'Secret', {
      description,
      // CloudFormation generates another version if these change.
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.arn = (secret.node.defaultChild as CfnSecret).attrId;
    suppress(secret, { 'AwsSolutions-SMG4': `${rotatedBy} rotates it, in the same way on AWS and on the engines.` });
  }

  get reads(): Access {
    return { actions: ['secretsmanager:GetSecretValue'], resources: [this.arn] };
  }

  /** Allows writing a new version, and reading the age of the others but not their values. */
  get rotates(): Access {
    return { actions: ['secretsmanager:ListSecretVersionIds', 'secretsmanager:PutSecretValue'], resources: [this.arn] };
  }
}
