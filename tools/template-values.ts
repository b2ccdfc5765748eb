export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** A template of CloudFormation, as far as the tools read it. */
export interface Template {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
}

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
/** The values of the local engines. An account of AWS has others, and everything else is the same. */
const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
};

type Intrinsic = {
  readonly Ref?: string;
  readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
  readonly 'Fn::GetAtt'?: readonly [string, string];
  readonly 'Fn::ImportValue'?: string;
};

/** Returns the text that CloudFormation would put in place of a value. It knows the functions that policies use. */
export function resolveText(value: unknown, template: Template, all: readonly Template[]): string {
  if (typeof value === 'string') return value;
  const { Ref, ...functions } = value as Intrinsic;
  const { 'Fn::Join': join, 'Fn::GetAtt': attribute, 'Fn::ImportValue': exportName } = functions;
  const parameter = PSEUDO_PARAMETERS[Ref ?? ''];
  if (parameter !== undefined) return parameter;
  if (join) return join[1].map((part) => resolveText(part, template, all)).join(join[0]);
  if (attribute) return attributeOf(attribute, template);
  if (exportName) return resolveExport(exportName, all);
  throw new Error(`The value ${JSON.stringify(value)} of a template cannot be resolved.`);
}

function attributeOf([id, attribute]: readonly [string, string], { Resources }: Template): string {
  const { Type = 'missing', Properties = {} } = Resources?.[id] ?? {};
  switch (`${Type} ${attribute}`) {
    case 'AWS::SQS::Queue Arn':
      return `arn:aws:sqs:${REGION}:${ACCOUNT}:${Properties['QueueName']}`;
    case 'AWS::Logs::LogGroup Arn':
      return `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${Properties['LogGroupName']}:*`;
    case 'AWS::DynamoDB::Table StreamArn':
      // CloudFormation puts the time at which the stream was created in place of the asterisk.
      return `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${Properties['TableName']}/stream/*`;
    case 'AWS::SecretsManager::Secret Id':
      // CloudFormation names the secret after its logical id, and puts random characters in place of the asterisk.
      return `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${id}-*`;
    default:
      throw new Error(`The attribute ${attribute} of ${id} (${Type}) cannot be resolved.`);
  }
}

function resolveExport(name: string, all: readonly Template[]): string {
  for (const template of all)
    for (const output of Object.values(template.Outputs ?? {})) {
      const { Export, Value } = output as { Export?: { Name: unknown }; Value: unknown };
      if (Export?.Name === name) return resolveText(Value, template, all);
    }
  throw new Error(`No stack exports ${name}.`);
}
