import prices from './prices.json' with { type: 'json' };
import type { Resource } from './synthesized.ts';

/** What one part of a stage costs in a month in which nobody uses the stage. */
export interface CostLine {
  readonly part: string;
  readonly quantity: string;
  readonly dollars: number;
}

/** What one run of a schedule uses while the stage is idle. A test measures the units of the tables. */
export interface RunUsage {
  readonly runsPerHour: number;
  readonly ms: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly logBytes: number;
}

const HOURS = 730;
const MINUTES = HOURS * 60;
const GB = 1024 ** 3;
/** Lambda polls with long polls of 20 seconds. */
const POLLS_PER_MINUTE = 3;
/**
 * The connections with which Lambda polls an idle queue, as AWS documents them: five, "and can optimize to as few as 2
 * concurrent batches to reduce the SQS calls and corresponding costs", but not with a maximum concurrency.
 */
export const CONNECTIONS = { limited: 5, unlimited: 2 } as const;

/** The runs of each enabled schedule. A new schedule must be added here. */
export const idleRuns: Readonly<Record<string, RunUsage>> = {
  'orders-nudge-stuck-orders': { runsPerHour: 60, ms: 200, readUnits: 70, writeUnits: 1, logBytes: 1500 },
  // It also reads the reports of the last three days, at least 27 daily exports.
  'reports-plan-daily-exports': { runsPerHour: 2, ms: 100, readUnits: 45, writeUnits: 1, logBytes: 1500 },
  // It lists the versions of one secret in each run.
  'webhooks-rotate-keys': { runsPerHour: 2, ms: 300, readUnits: 0, writeUnits: 0, logBytes: 1500 },
  'balances-sync-balances': { runsPerHour: 12, ms: 300, readUnits: 42, writeUnits: 2, logBytes: 1500 },
};

type Resources = readonly Pick<Resource, 'Type' | 'Properties'>[];

const ofType = (resources: Resources, type: string) =>
  resources.filter(({ Type }) => Type === type).map(({ Properties }) => Properties);
const thousands = (count: number): string => Math.round(count).toLocaleString('en-US');

/** Computes what the resources of a stage cost in a month without any use. */
export const idleCost = (resources: Resources): CostLine[] => [
  pollingCost(resources),
  alarmCost(resources),
  ...countedCost(resources),
  ...scheduleCost(resources),
];

export const totalOf = (lines: readonly CostLine[]): number => lines.reduce((sum, { dollars }) => sum + dollars, 0);

function pollingCost(resources: Resources): CostLine {
  const mappings = ofType(resources, 'AWS::Lambda::EventSourceMapping').filter(
    (properties) => !('StartingPosition' in properties),
  );
  const connections = mappings.reduce(
    (sum, { ScalingConfig }) => sum + (ScalingConfig ? CONNECTIONS.limited : CONNECTIONS.unlimited),
    0,
  );
  const polls = connections * POLLS_PER_MINUTE * MINUTES;
  return {
    part: 'polling of idle queues',
    quantity: `${mappings.length} queues, ${connections} connections, ${thousands(polls)} receives`,
    dollars: polls * prices.sqs_request,
  };
}

function alarmCost(resources: Resources): CostLine {
  // An alarm on an expression is charged for each metric in it.
  const metrics = ofType(resources, 'AWS::CloudWatch::Alarm').reduce((sum, { Metrics }) => {
    const inExpression = (Metrics as { MetricStat?: unknown }[] | undefined)?.filter(({ MetricStat }) => MetricStat);
    return sum + (inExpression?.length ?? 1);
  }, 0);
  const composites = ofType(resources, 'AWS::CloudWatch::CompositeAlarm').length;
  return {
    part: 'alarms',
    quantity: `${metrics} metrics${composites > 0 ? `, ${composites} composite alarms` : ''}`,
    dollars: metrics * prices.alarm_metric_month + composites * prices.composite_alarm_month,
  };
}

/** The resources that cost a fixed price for each month. */
function countedCost(resources: Resources): CostLine[] {
  const rules = ofType(resources, 'AWS::WAFv2::WebACL').flatMap(({ Rules }) => Rules as unknown[]).length;
  const counted = [
    ['firewall', 'AWS::WAFv2::WebACL', prices.waf_acl_month, ` with ${rules} rules`, rules * prices.waf_rule_month],
    ['customer keys', 'AWS::KMS::Key', prices.kms_key_month, '', 0],
    ['dashboards', 'AWS::CloudWatch::Dashboard', prices.dashboard_month, '', 0],
    ['secrets', 'AWS::SecretsManager::Secret', prices.secret_month, '', 0],
  ] as const;
  return counted.flatMap(([part, type, price, detail, more]) => {
    const count = ofType(resources, type).length;
    return count === 0 ? [] : [{ part, quantity: `${count}${detail}`, dollars: count * price + more }];
  });
}

interface ScheduledRuns {
  readonly runs: number;
  readonly usage: RunUsage;
  readonly memoryGb: number;
  readonly isTraced: boolean;
  readonly logDays: number;
}

function scheduledRuns(resources: Resources): ScheduledRuns[] {
  const enabled = ofType(resources, 'AWS::Events::Rule').filter(
    ({ ScheduleExpression, State }) => ScheduleExpression && State !== 'DISABLED',
  );
  return enabled.map(({ Name }) => {
    const name = String(Name);
    const usage = idleRuns[name.split('-').slice(2).join('-')];
    if (!usage) throw new Error(`The usage of the schedule ${name} is unknown. Add it to idleRuns.`);
    const job = ofType(resources, 'AWS::Lambda::Function').find(({ FunctionName }) => FunctionName === name);
    const logs = ofType(resources, 'AWS::Logs::LogGroup').find(
      ({ LogGroupName }) => LogGroupName === `/aws/lambda/${name}`,
    );
    return {
      usage,
      runs: usage.runsPerHour * HOURS,
      memoryGb: Number(job?.['MemorySize']) / 1024,
      isTraced: job?.['TracingConfig'] !== undefined,
      logDays: Number(logs?.['RetentionInDays']),
    };
  });
}

function scheduleCost(resources: Resources): CostLine[] {
  const jobs = scheduledRuns(resources);
  const sum = (of: (job: ScheduledRuns) => number) => jobs.reduce((total, job) => total + of(job), 0);
  const runs = sum((job) => job.runs);
  const reads = sum((job) => job.runs * job.usage.readUnits);
  const writes = sum((job) => job.runs * job.usage.writeUnits);
  const gbSeconds = sum((job) => (job.runs * job.usage.ms * job.memoryGb) / 1000);
  const traces = sum((job) => (job.isTraced ? job.runs : 0));
  const logGb = sum((job) => (job.runs * job.usage.logBytes) / GB);
  const storedGb = sum((job) => ((job.runs * job.usage.logBytes) / GB) * (job.logDays / (HOURS / 24)));
  return [
    {
      part: 'tables, read and written by schedules',
      quantity: `${thousands(reads)} read units, ${thousands(writes)} write units`,
      dollars: reads * prices.dynamodb_read_unit + writes * prices.dynamodb_write_unit,
    },
    {
      part: 'functions, run by schedules',
      quantity: `${thousands(runs)} runs, ${thousands(gbSeconds)} GB-seconds`,
      dollars: runs * prices.lambda_request + gbSeconds * prices.lambda_arm_gb_second,
    },
    {
      part: 'logs of these runs',
      quantity: `${(1024 * logGb).toFixed(0)} MB`,
      dollars: logGb * prices.log_gb_ingested + storedGb * prices.log_gb_month,
    },
    ...(traces > 0
      ? [{ part: 'traces of these runs', quantity: thousands(traces), dollars: traces * prices.xray_trace }]
      : []),
  ];
}
