import type { Stack } from 'aws-cdk-lib';
import { LogGroup, QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { StageConfig } from './config.ts';
import { createApiAlarms, createThrottleAlarms } from './constructs/aws-alarms.ts';
import type { Context } from './constructs/context.ts';
import { StageStack } from './constructs/stage-stack.ts';

interface AwsOnlyProps {
  readonly contexts: readonly Context[];
  readonly after: readonly Stack[];
}

/**
 * Resources that only AWS supports and that belong to no single context: alarms on the API and on throttles, and saved
 * queries. They name what they watch, so every other stack can be deployed and destroyed without this one.
 */
export class AwsOnly extends StageStack {
  constructor(app: Construct, config: StageConfig, { contexts, after }: AwsOnlyProps) {
    super(app, { config, name: 'aws', description: 'alarms and saved queries for AWS only', dependsOn: after });
    createThrottleAlarms(this, contexts);
    createApiAlarms(this);
    this.saveQueries(contexts);
  }

  private saveQueries(contexts: readonly Context[]): void {
    const logGroups = contexts
      .flatMap(({ functions }) => functions)
      .map(({ name }) => LogGroup.fromLogGroupName(this, `Logs-${name}`, `/aws/lambda/${name}`));
    const save = (id: string, name: string, filterStatements: string[]) =>
      new QueryDefinition(this, id, {
        queryDefinitionName: `oncebox/${this.config.stage}/${name}`,
        logGroups,
        queryString: new QueryString({
          fields: ['@timestamp', 'service', 'level', 'message', 'correlation_id', '@log'],
          filterStatements,
          sort: '@timestamp asc',
          limit: 1000,
        }),
      });
    save('TraceCorrelation', 'trace a correlation id', ["correlation_id = 'PUT THE ID HERE'"]);
    save('Failures', 'errors and warnings', ["level in ['ERROR', 'WARN', 'CRITICAL']"]);
    save('DeadLettered', 'dead-lettered messages with their reasons', ['ispresent(reason)']);
  }
}
