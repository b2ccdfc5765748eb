import { resolveText, type Template, type TemplateResource } from './template-values.ts';

/** An action that the role of a function allows on a resource. */
export interface Grant {
  readonly function: string;
  readonly action: string;
  readonly resource: string;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

interface FunctionInTemplate {
  readonly id: string;
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly template: Template;
}

const toArray = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** Returns each action that the roles of a stage's functions allow, on each of its resources. */
export function grantsIn(templates: readonly Template[]): Grant[] {
  return functionsIn(templates).flatMap(({ name, properties, template }) => {
    const allowed = statementsOf(roleOf(properties, template)).filter(({ Effect }) => Effect === 'Allow');
    return allowed.flatMap(({ Action, Resource }) => {
      const resources = toArray(Resource).map((resource) => resolveText(resource, template, templates));
      return toArray(Action).flatMap((action) => resources.map((resource) => ({ function: name, action, resource })));
    });
  });
}

/** What Lambda does by the role of a function: it polls sources, writes logs and traces, and records failed runs. */
const POLL_QUEUE = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
const POLL_STREAM = ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'];
const LIST_STREAMS = 'dynamodb:ListStreams';
const WRITE_LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const SEND_FAILURES = ['sqs:SendMessage'];
const WRITE_TRACES = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];

/** Returns the grants that Lambda itself uses by the roles of functions. No code of a function makes these calls. */
export function grantsForLambda(templates: readonly Template[]): Grant[] {
  return functionsIn(templates).flatMap((deployed) => {
    const { name, properties, template } = deployed;
    const grant = (actions: readonly string[], resource: string): Grant[] =>
      actions.map((action) => ({ function: name, action, resource }));
    const sources = sourcesOf(deployed).map((source) => resolveText(source, template, templates));
    const streams = sources.filter((source) => source.includes('/stream/'));
    const destinations = failureDestinationsOf(deployed).map((queue) => resolveText(queue, template, templates));
    const { LogGroup } = properties['LoggingConfig'] as { LogGroup: { Ref: string } };
    const logs = { 'Fn::GetAtt': [LogGroup.Ref, 'Arn'] };
    const isTraced = (properties['TracingConfig'] as { Mode: string } | undefined)?.Mode === 'Active';
    return [
      ...sources.flatMap((source) => grant(streams.includes(source) ? POLL_STREAM : POLL_QUEUE, source)),
      ...(streams.length > 0 ? grant([LIST_STREAMS], '*') : []),
      ...destinations.flatMap((queue) => grant(SEND_FAILURES, queue)),
      ...grant(WRITE_LOGS, resolveText(logs, template, templates)),
      ...(isTraced ? grant(WRITE_TRACES, '*') : []),
    ];
  });
}

const resourcesOf = (template: Template, type: string): [string, TemplateResource][] =>
  Object.entries(template.Resources ?? {}).filter(([, { Type }]) => Type === type);

const functionsIn = (templates: readonly Template[]): FunctionInTemplate[] =>
  templates.flatMap((template) =>
    resourcesOf(template, 'AWS::Lambda::Function').map(([id, { Properties: properties = {} }]) => ({
      id,
      name: String(properties['FunctionName']),
      properties,
      template,
    })),
  );

function roleOf({ Role }: FunctionInTemplate['properties'], template: Template): TemplateResource {
  const [id = ''] = (Role as { 'Fn::GetAtt': string[] })['Fn::GetAtt'];
  const role = template.Resources?.[id];
  if (!role) throw new Error(`The role ${id} is not in the template of its function.`);
  return role;
}

const statementsOf = ({ Properties }: TemplateResource): readonly Statement[] =>
  ((Properties?.['Policies'] ?? []) as { PolicyDocument: { Statement: Statement[] } }[]).flatMap(
    ({ PolicyDocument }) => PolicyDocument.Statement,
  );

/** Returns the queues and streams from which event source mappings read for a function. */
const sourcesOf = ({ id, template }: FunctionInTemplate): unknown[] =>
  resourcesOf(template, 'AWS::Lambda::EventSourceMapping').flatMap(([, { Properties = {} }]) =>
    (Properties['FunctionName'] as { Ref: string }).Ref === id ? [Properties['EventSourceArn']] : [],
  );

/** Returns the queues to which Lambda sends the runs of a schedule that failed. */
const failureDestinationsOf = ({ id, template }: FunctionInTemplate): unknown[] =>
  resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').flatMap(([, { Properties = {} }]) => {
    if ((Properties['FunctionName'] as { Ref: string }).Ref !== id) return [];
    const config = Properties['DestinationConfig'] as { OnFailure?: { Destination: unknown } } | undefined;
    return config?.OnFailure ? [config.OnFailure.Destination] : [];
  });
