import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';

/** Titles as the handlers write them: the words of HTTP itself. */
const titles = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
} as const;

interface Problem {
  readonly type: ResponseType;
  readonly status: keyof typeof titles;
  readonly code: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

const problem = (type: ResponseType, status: Problem['status'], code: string, detail: string): Problem => ({
  type,
  status,
  code,
  detail,
});

const later = 'try again in a moment';
const ours = 'the fault is ours, and the request may be tried again';
const refused = 'these credentials may not do this';

/** What the gateway answers by itself, before any of our code is asked. The two defaults catch what has no line here. */
const problems: readonly Problem[] = [
  problem(ResponseType.DEFAULT_4XX, 400, 'invalid_request', 'the request could not be understood'),
  problem(ResponseType.BAD_REQUEST_BODY, 400, 'invalid_request', 'the body could not be understood'),
  problem(ResponseType.BAD_REQUEST_PARAMETERS, 400, 'invalid_request', 'a parameter could not be understood'),
  problem(ResponseType.UNAUTHORIZED, 401, 'unauthenticated', 'credentials are missing or not valid'),
  problem(ResponseType.EXPIRED_TOKEN, 401, 'unauthenticated', 'the credentials have expired'),
  problem(ResponseType.INVALID_SIGNATURE, 403, 'forbidden', 'the signature does not match the request'),
  problem(ResponseType.ACCESS_DENIED, 403, 'forbidden', refused),
  problem(ResponseType.INVALID_API_KEY, 403, 'forbidden', refused),
  problem(ResponseType.WAF_FILTERED, 403, 'forbidden', 'the firewall has refused the request'),
  problem(ResponseType.RESOURCE_NOT_FOUND, 404, 'not_found', 'there is no such route'),
  problem(ResponseType.REQUEST_TOO_LARGE, 413, 'body_too_large', 'the body is too large'),
  problem(ResponseType.UNSUPPORTED_MEDIA_TYPE, 415, 'unsupported_media_type', 'send JSON'),
  { ...problem(ResponseType.THROTTLED, 429, 'throttled', later), retryAfterSeconds: 1 },
  { ...problem(ResponseType.QUOTA_EXCEEDED, 429, 'throttled', later), retryAfterSeconds: 60 },
  problem(ResponseType.DEFAULT_5XX, 500, 'internal', ours),
  problem(ResponseType.API_CONFIGURATION_ERROR, 500, 'internal', ours),
  problem(ResponseType.AUTHORIZER_CONFIGURATION_ERROR, 500, 'internal', ours),
  problem(ResponseType.AUTHORIZER_FAILURE, 500, 'internal', ours),
  problem(ResponseType.INTEGRATION_FAILURE, 502, 'bad_gateway', ours),
  problem(ResponseType.INTEGRATION_TIMEOUT, 504, 'timeout', 'no answer in time; it may still be done'),
];

/** Without a route, an open API says this. Where requests are signed, it is what an unsigned one hears. */
const unmatched = (open: boolean): Problem =>
  open
    ? problem(ResponseType.MISSING_AUTHENTICATION_TOKEN, 404, 'not_found', 'there is no such route')
    : problem(
        ResponseType.MISSING_AUTHENTICATION_TOKEN,
        401,
        'unauthenticated',
        'sign the request (AWS Signature Version 4)',
      );

/**
 * Has the gateway's own errors look like all others: application/problem+json with a code and a correlation id. The id
 * is a new one: a header could echo the caller's by `method.request.header.…`, but knows no other value where there is
 * none, takes what is unfit for a log, and the body could not say the same, since its template is no program.
 */
export function addGatewayResponses(api: RestApi, open: boolean): void {
  for (const { type, status, code, detail, retryAfterSeconds } of [...problems, unmatched(open)]) {
    const body = {
      type: 'about:blank',
      title: titles[status],
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
