import { type ArnComponents, ArnFormat, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';

/** A right as a value: what may be done, and to what. `orders.commits` and its like are of this type. */
export interface Access {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** What whoever has this right may never do, whatever else it is given: a Deny outweighs every grant. */
  readonly never?: Omit<Access, 'never'>;
}

export const statementsOf = ({ actions, resources, never }: Access): PolicyStatement[] => [
  new PolicyStatement({ actions: [...actions], resources: [...resources] }),
  ...(never
    ? [new PolicyStatement({ effect: Effect.DENY, actions: [...never.actions], resources: [...never.resources] })]
    : []),
];

/** The ARN of something in this account and region by its name, so that no stack has to import it from another. */
export const arnOf = (
  scope: Construct,
  service: string,
  resource: string,
  name: string,
  format = ArnFormat.SLASH_RESOURCE_NAME,
) => Stack.of(scope).formatArn({ service, resource, resourceName: name, arnFormat: format } satisfies ArnComponents);

const busArn = (scope: Construct, config: StageConfig) => arnOf(scope, 'events', 'event-bus', nameOf(config));

/** To put events onto the stage's bus. */
export const publishesTo = (scope: Construct, config: StageConfig): Access => ({
  actions: ['events:PutEvents'],
  resources: [busArn(scope, config)],
});

export const chaosParameter = ({ stage }: StageConfig): string => `/oncebox/${stage}/chaos`;

/** To ask what trouble is wanted. */
export const readsChaos = (scope: Construct, config: StageConfig): Access => ({
  actions: ['ssm:GetParameter'],
  // the parameter's own leading slash stands between the resource type and its name
  resources: [arnOf(scope, 'ssm', 'parameter', chaosParameter(config).slice(1))],
});
