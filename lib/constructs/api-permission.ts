import { Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import type { StageConfig } from '../config.ts';
import type { ServiceFunction } from './service-function.ts';

/**
 * Allows the public API to invoke a function for one route. The permission is in the stack of the function: the policy
 * of a function is deleted with it, so a permission in the API's stack would be missing after the function was created
 * again. The API's id is not known here, since the API is deployed later, so the permission names account, stage,
 * method and path instead (docs/adr/0010).
 */
export function allowApi(api: ServiceFunction, operation: string, route: string, { stage }: StageConfig): void {
  const { partition, region, account } = Stack.of(api);
  const [method = '', path = ''] = route.split(' ');
  const request = `${method === 'ANY' ? '*' : method}${path.replaceAll(/\{[^}]+\}/g, '*')}`;
  new CfnPermission(api, `Invoke-${operation}`, {
    action: 'lambda:InvokeFunction',
    functionName: api.function.functionArn,
    principal: new ServicePrincipal('apigateway.amazonaws.com').service,
    sourceArn: `arn:${partition}:execute-api:${region}:${account}:*/${stage}/${request}`,
  });
}
