import { Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';

/** A permission as a value: the allowed actions and their resources. `orders.allows('GetItem')` is an example. */
export interface Access {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** What a role with this permission must never do. A Deny outweighs every other grant. */
  readonly denied?: readonly Denial[];
  /** The findings of cdk-nag that this permission causes, each with the reason to accept it. */
  readonly acceptedFindings?: Readonly<Record<string, string>>;
}

export interface Denial extends Omit<Access, 'denied' | 'acceptedFindings'> {
  /** Denies only the requests that match all of these conditions of IAM. */
  readonly conditions?: Readonly<Record<string, unknown>>;
}

export const toStatements = ({ actions, resources, denied = [] }: Access): PolicyStatement[] => [
  new PolicyStatement({ actions: [...actions], resources: [...resources] }),
  ...denied.map(
    ({ conditions = {}, ...denial }) =>
      new PolicyStatement({
        effect: Effect.DENY,
        actions: [...denial.actions],
        resources: [...denial.resources],
        conditions,
      }),
  ),
];

export const publishesTo = (scope: Construct, config: StageConfig): Access => ({
  actions: ['events:PutEvents'],
  resources: [Stack.of(scope).formatArn({ service: 'events', resource: 'event-bus', resourceName: nameOf(config) })],
});

/** Allows to enable or to disable rules of the stage's bus. */
export const switchesRules = (
  scope: Construct,
  config: StageConfig,
  ruleNames: readonly string[],
  ...actions: readonly ('EnableRule' | 'DisableRule')[]
): Access => ({
  actions: actions.map((action) => `events:${action}`),
  resources: ruleNames.map((name) =>
    Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName: `${nameOf(config)}/${name}` }),
  ),
});

export const chaosParameterName = ({ stage }: StageConfig): string => `/oncebox/${stage}/chaos`;

export const readsChaos = (scope: Construct, config: StageConfig): Access => ({
  actions: ['ssm:GetParameter'],
  resources: [
    Stack.of(scope).formatArn({
      service: 'ssm',
      resource: 'parameter',
      // The leading slash of the parameter's name is the separator after `parameter` in the ARN.
      resourceName: chaosParameterName(config).slice(1),
    }),
  ],
});
