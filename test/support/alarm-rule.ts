import type { Resource } from './synthesized.ts';

export interface Datapoint {
  readonly timeMs: number;
  readonly value: number;
}

/** A time during which an alarm is in the state ALARM. */
export interface AlarmSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Rule {
  readonly Statistic: string;
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
}

const MINUTE_MS = 60_000;

/**
 * Evaluates an alarm of a template every minute, as CloudWatch does, and returns when it is in the state ALARM. Its
 * periods end at the evaluation, so the minutes also go through all positions that periods can have.
 */
export function alarmSpans({ Properties }: Resource, datapoints: readonly Datapoint[], untilMs: number): AlarmSpan[] {
  const rule = Properties as unknown as Rule;
  if (rule.ComparisonOperator !== 'GreaterThanThreshold' || rule.TreatMissingData !== 'notBreaching')
    throw new Error('the rule of this alarm is not evaluated here');
  const spans: AlarmSpan[] = [];
  let open: AlarmSpan | undefined;
  for (let nowMs = datapoints[0]?.timeMs ?? untilMs; nowMs <= untilMs; nowMs += MINUTE_MS) {
    if (isBreaching(rule, datapoints, nowMs)) open = { fromMs: open?.fromMs ?? nowMs, toMs: nowMs };
    else if (open) {
      spans.push(open);
      open = undefined;
    }
  }
  return open ? [...spans, open] : spans;
}

/** Returns whether enough periods are above the threshold. A period without data is not. */
function isBreaching(rule: Rule, datapoints: readonly Datapoint[], nowMs: number): boolean {
  const periodMs = rule.Period * 1000;
  const breaching = Array.from({ length: rule.EvaluationPeriods }, (_, index) => {
    const endMs = nowMs - index * periodMs;
    const values = datapoints.filter(({ timeMs }) => timeMs > endMs - periodMs && timeMs <= endMs);
    return statisticOf(
      rule,
      values.map(({ value }) => value),
    );
  }).filter((value) => value !== undefined && value > rule.Threshold);
  return breaching.length >= rule.DatapointsToAlarm;
}

function statisticOf({ Statistic }: Rule, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  if (Statistic === 'Maximum') return Math.max(...values);
  if (Statistic === 'Sum') return values.reduce((sum, value) => sum + value, 0);
  throw new Error(`the statistic ${Statistic} is not evaluated here`);
}
