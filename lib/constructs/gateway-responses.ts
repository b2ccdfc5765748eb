import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { statusTitles } from '../../lambdas/shared/http/status-titles.ts';

interface Problem {
  readonly type: ResponseType;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

const problem = (type: ResponseType, status: number, code: string, detail: string): Problem => ({
  type,
  status,
  code,
  detail,
});

const noRoute = 'No route matches the request.';
const notAllowed = 'These credentials do not allow the request.';
const canRetry = 'A request with an Idempotency-Key can be sent again safely.';
const internalError = `An internal error occurred. ${canRetry}`;

/** The errors that API Gateway answers without a handler. The two defaults cover every type that is not listed. */
const problems: readonly Problem[] = [
  problem(ResponseType.DEFAULT_4XX, 400, 'invalid_request', 'The request is not valid.'),
  problem(ResponseType.BAD_REQUEST_BODY, 400, 'invalid_request', 'The request body is not valid.'),
  problem(ResponseType.BAD_REQUEST_PARAMETERS, 400, 'invalid_request', 'A request parameter is not valid.'),
  problem(ResponseType.UNAUTHORIZED, 401, 'unauthenticated', 'The credentials are missing or not valid.'),
  problem(ResponseType.EXPIRED_TOKEN, 401, 'unauthenticated', 'The credentials have expired.'),
  problem(ResponseType.INVALID_SIGNATURE, 403, 'forbidden', 'The signature does not match the request.'),
  problem(ResponseType.ACCESS_DENIED, 403, 'forbidden', notAllowed),
  problem(ResponseType.INVALID_API_KEY, 403, 'forbidden', notAllowed),
  problem(ResponseType.WAF_FILTERED, 403, 'forbidden', 'The firewall rejected the request.'),
  problem(ResponseType.RESOURCE_NOT_FOUND, 404, 'not_found', noRoute),
  problem(ResponseType.REQUEST_TOO_LARGE, 413, 'body_too_large', 'The request body is too large.'),
  problem(
    ResponseType.UNSUPPORTED_MEDIA_TYPE,
    415,
    'unsupported_media_type',
    'The content type is not supported. Send application/json.',
  ),
  {
    ...problem(ResponseType.THROTTLED, 429, 'throttled', 'There are too many requests. Try again later.'),
    retryAfterSeconds: 1,
  },
  {
    ...problem(ResponseType.QUOTA_EXCEEDED, 429, 'throttled', 'The request quota is used up. Try again later.'),
    retryAfterSeconds: 60,
  },
  problem(ResponseType.DEFAULT_5XX, 500, 'internal', internalError),
  problem(ResponseType.API_CONFIGURATION_ERROR, 500, 'internal', internalError),
  problem(ResponseType.AUTHORIZER_CONFIGURATION_ERROR, 500, 'internal', internalError),
  problem(ResponseType.AUTHORIZER_FAILURE, 500, 'internal', internalError),
  // The handler may have committed before it crashed or the gateway stopped waiting.
  problem(
    ResponseType.INTEGRATION_FAILURE,
    502,
    'bad_gateway',
    `The request failed and may have been processed. ${canRetry}`,
  ),
  problem(
    ResponseType.INTEGRATION_TIMEOUT,
    504,
    'timeout',
    `The request timed out and may have been processed. ${canRetry}`,
  ),
];

/**
 * Returns the problem of the type MISSING_AUTHENTICATION_TOKEN. An API without signatures sends it for unknown routes,
 * one with signatures for requests that are not signed.
 */
const missingToken = (isOpen: boolean): Problem => {
  const type = ResponseType.MISSING_AUTHENTICATION_TOKEN;
  return isOpen
    ? problem(type, 404, 'not_found', noRoute)
    : problem(type, 401, 'unauthenticated', 'The request is not signed. Sign it by AWS Signature Version 4.');
};

/**
 * Gives API Gateway's own errors the form of the handlers' errors: application/problem+json with a code and a
 * correlation id. The correlation id is the gateway's request id, not the caller's header: a parameter mapping has no
 * default for a missing header and does not validate it, and the body could not repeat it, because body templates of
 * gateway responses have no logic.
 */
export function addGatewayResponses(api: RestApi, isOpen: boolean): void {
  for (const { type, status, code, detail, retryAfterSeconds } of [...problems, missingToken(isOpen)]) {
    const body = {
      type: 'about:blank',
      title: statusTitles[status],
      status,
      detail,
      code,
      correlation_id: '$context.requestId',
    };
    api.addGatewayResponse(`Problem${type.responseType}`, {
      type,
      statusCode: String(status),
      responseHeaders: {
        'Content-Type': "'application/problem+json'",
        'X-Correlation-Id': 'context.requestId',
        ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': `'${retryAfterSeconds}'` }),
      },
      templates: { 'application/json': JSON.stringify(body) },
    });
  }
}
