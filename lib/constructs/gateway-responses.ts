import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { internalError, outcomeUnknown, statusTitles } from '../../lambdas/shared/http/problem-texts.ts';

/** The code of a problem follows from its status. */
const codes: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  429: 'throttled',
  500: 'internal',
  502: 'outcome_unknown',
  504: 'outcome_unknown',
};

/** A response type, its status, its detail, and the seconds after which a request may be sent again. */
type Problem = readonly [type: ResponseType, status: number, detail: string, retryAfterSeconds?: number];

const noRoute = 'No route matches the request.';
const notAllowed = 'These credentials do not allow the request.';
const notProcessed = 'An internal error occurred before the request was processed. Nothing was changed.';

/** The errors that API Gateway returns without a handler. The two defaults cover every type that is not listed. */
const problems: readonly Problem[] = [
  [ResponseType.DEFAULT_4XX, 400, 'The request is not valid.'],
  [ResponseType.BAD_REQUEST_BODY, 400, 'The request body is not valid.'],
  [ResponseType.BAD_REQUEST_PARAMETERS, 400, 'A request parameter is not valid.'],
  [ResponseType.UNAUTHORIZED, 401, 'The credentials are missing or not valid.'],
  [ResponseType.EXPIRED_TOKEN, 401, 'The credentials have expired.'],
  [ResponseType.INVALID_SIGNATURE, 403, 'The signature does not match the request.'],
  [ResponseType.ACCESS_DENIED, 403, notAllowed],
  [ResponseType.INVALID_API_KEY, 403, notAllowed],
  [ResponseType.WAF_FILTERED, 403, 'The firewall rejected the request.'],
  [ResponseType.RESOURCE_NOT_FOUND, 404, noRoute],
  [ResponseType.REQUEST_TOO_LARGE, 413, 'The request body is too large.'],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, 415, 'The content type is not supported. Send application/json.'],
  [ResponseType.THROTTLED, 429, 'There are too many requests. Try again later.', 1],
  [ResponseType.QUOTA_EXCEEDED, 429, 'The request quota is used up. Try again later.', 60],
  [ResponseType.DEFAULT_5XX, 500, internalError],
  // This is also the type of a response that the gateway cannot read, so the handler may have committed.
  [ResponseType.API_CONFIGURATION_ERROR, 500, internalError],
  [ResponseType.AUTHORIZER_CONFIGURATION_ERROR, 500, notProcessed],
  [ResponseType.AUTHORIZER_FAILURE, 500, notProcessed],
  // The handler may have committed before it crashed or the gateway stopped waiting.
  [ResponseType.INTEGRATION_FAILURE, 502, `The request failed. ${outcomeUnknown}`],
  [ResponseType.INTEGRATION_TIMEOUT, 504, `The request timed out. ${outcomeUnknown}`],
];

/**
 * Returns the problem of the type MISSING_AUTHENTICATION_TOKEN. An API without signatures sends it for unknown routes,
 * one with signatures for requests that are not signed.
 */
const missingToken = (isOpen: boolean): Problem => {
  const type = ResponseType.MISSING_AUTHENTICATION_TOKEN;
  return isOpen ? [type, 404, noRoute] : [type, 401, 'The request is not signed. Sign it by AWS Signature Version 4.'];
};

/**
 * Gives API Gateway's own errors the form of the handlers' errors: application/problem+json with a code and a
 * correlation id. The correlation id is the gateway's request id, not the caller's header: a parameter mapping has no
 * default for a missing header and does not validate it, and the body could not repeat it, because body templates of
 * gateway responses have no logic.
 */
export function addGatewayResponses(api: RestApi, isOpen: boolean): void {
  for (const [type, status, detail, retryAfterSeconds] of [...problems, missingToken(isOpen)]) {
    const body = {
      type: 'about:blank',
      title: statusTitles[status],
      status,
      detail,
      code: codes[status],
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
