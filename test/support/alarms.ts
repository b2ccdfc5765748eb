import type { MetricIdentity } from './emitted-metrics.ts';
import type { Resource, SynthesizedStage } from './synthesized.ts';

type StageResource = SynthesizedStage['resources'][number];

export const alarmsOf = ({ resources }: SynthesizedStage): StageResource[] =>
  resources.filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');

export const compositeAlarmsOf = ({ resources }: SynthesizedStage): StageResource[] =>
  resources.filter(({ Type }) => Type === 'AWS::CloudWatch::CompositeAlarm');

export const nameOfAlarm = ({ Properties }: Resource): string => String(Properties['AlarmName']);

/**
 * Returns the names of the alarms in the rule of a composite alarm. Throws if the rule names an alarm without a
 * reference to a resource of the same stack, since CloudFormation would not create that alarm first.
 */
export function childrenOf({ Properties, stack }: StageResource, { resources }: SynthesizedStage): string[] {
  const rule = JSON.stringify(Properties['AlarmRule']);
  const children = [...rule.matchAll(/"Fn::GetAtt":\["(\w+)","Arn"\]/g)].map(([, id]) => {
    const child = resources.find((resource) => resource.stack === stack && resource.id === id);
    if (!child) throw new Error(`${id} is not in ${stack}`);
    return nameOfAlarm(child);
  });
  const count = rule.split('ALARM(').length - 1;
  if (children.length !== count) throw new Error(`${count - children.length} alarms are not referred to: ${rule}`);
  return children;
}

interface MetricProperties {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { Name: string; Value: unknown }[];
}

/** Returns the metrics that an alarm watches: its own, or those of its expression. */
export function metricsOf({ Properties }: Resource, stage: SynthesizedStage): MetricIdentity[] {
  const properties = Properties as unknown as MetricProperties & {
    Metrics?: { MetricStat?: { Metric: MetricProperties } }[];
  };
  const watched = properties.Metrics
    ? properties.Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])
    : [properties];
  return watched.map(({ Namespace, MetricName, Dimensions = [] }) => ({
    namespace: Namespace,
    name: MetricName,
    dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, nameIn(stage, Value)])),
  }));
}

/** Returns a value of a template as text. A reference to a function or a queue becomes its name. */
function nameIn({ resources }: SynthesizedStage, value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute } = value as { Ref?: string; 'Fn::GetAtt'?: string[] };
  const target = resources.find(({ id }) => id === (Ref ?? attribute?.[0]));
  return String(target?.Properties['FunctionName'] ?? target?.Properties['QueueName'] ?? JSON.stringify(value));
}
