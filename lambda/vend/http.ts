// The function URL's front: routes an event (payload format 2.0), and is the one place where an error becomes HTTP.

import type { Clock } from '../clock.ts';
import { type ErrorCode, errorName, VendingError } from '../errors.ts';
import type { Asked, Telemetry } from '../telemetry.ts';
import { callerOf } from './caller.ts';
import type { TokenVendor } from './token-vendor.ts';
import { parseVendRequest, type RequestEvent } from './vend-request.ts';

/** Every answer leaves this much before the function's time-out. */
const RESERVE_MS = 1_000;

const TOKEN_PATHS: ReadonlySet<unknown> = new Set(['/oauth/token', '/']);
const METADATA_PATH = '/.well-known/oauth-authorization-server';

export interface FunctionUrlEvent extends RequestEvent {
  readonly rawPath?: unknown;
  readonly requestContext?: unknown;
}

interface FunctionContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

interface FunctionUrlResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface AuditedRequest {
  readonly event: FunctionUrlEvent;
  /** What its audit line will say of it, as far as that is known. */
  asked: Asked;
}

export interface HttpProps {
  readonly vendor: Pick<TokenVendor, 'vend'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly profile: string;
  /** The profile's allow-list. @default all scopes of the credential */
  readonly scopes?: readonly string[] | undefined;
}

export type Handler = (event: FunctionUrlEvent, context: FunctionContext) => Promise<FunctionUrlResponse>;

export function createHandler(props: HttpProps): Handler {
  return async (event, context) => {
    const { awsRequestId: requestId } = context;
    const request: AuditedRequest = { event: event ?? {}, asked: { requestId, ...callerOf(event?.requestContext) } };
    try {
      return await route(props, request, context);
    } catch (error) {
      return errorResponse(props.telemetry, error, request.asked);
    }
  };
}

async function route(
  props: HttpProps,
  request: AuditedRequest,
  context: FunctionContext,
): Promise<FunctionUrlResponse> {
  const { event } = request;
  const { http } = (event.requestContext ?? {}) as { http?: { method?: unknown } | null };
  const only = (method: string) => {
    if (http?.method !== method) {
      throw new VendingError('method_not_allowed', `only ${method} is answered here`, { allow: method });
    }
  };
  if (TOKEN_PATHS.has(event.rawPath)) {
    only('POST');
    return await tokenResponse(props, request, context);
  }
  if (event.rawPath === METADATA_PATH) {
    only('GET');
    return json(200, metadata(event, props.scopes));
  }
  throw new VendingError('not_found', 'nothing is here: tokens are vended at POST /oauth/token');
}

async function tokenResponse(
  { vendor, telemetry, clock, profile }: HttpProps,
  audited: AuditedRequest,
  context: FunctionContext,
): Promise<FunctionUrlResponse> {
  const deadlineMs = clock.nowMs() + context.getRemainingTimeInMillis() - RESERVE_MS;
  const request = parseVendRequest(audited.event, profile);
  audited.asked = { ...audited.asked, scopesAsked: request.scopes?.toString() };
  const { token, source, credentialVersion, isOfReplacedCredential } = await vendor.vend(request, deadlineMs);
  const response = token.response(clock.nowMs());
  const given = {
    scopesGiven: token.scopes?.toString(),
    source,
    expiresInSeconds: Number(response.expires_in),
    credentialVersion,
    tokenSha256Prefix: token.sha256.slice(0, 8),
  };
  telemetry.vended({ ...audited.asked, ...given }, isOfReplacedCredential);
  return json(200, response, { 'x-token-source': source });
}

/** RFC 8414 §3.2. Callers are known by their AWS signature, so no client authentication is asked for. */
function metadata(event: FunctionUrlEvent, scopes: readonly string[] | undefined): Record<string, unknown> {
  const headers = (event.headers ?? {}) as Record<string, unknown>;
  const { domainName } = (event.requestContext ?? {}) as { domainName?: unknown };
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const issuer = `${text(headers['x-forwarded-proto']) ?? 'https'}://${text(headers.host) ?? text(domainName)}`;
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['none'],
    ...(scopes && { scopes_supported: scopes }),
  };
}

/** What each error is on the wire: the status, and RFC 6749's code where there is one. */
const WIRE: Readonly<Record<ErrorCode, readonly [status: number, error: string]>> = {
  invalid_request: [400, 'invalid_request'],
  unsupported_grant_type: [400, 'unsupported_grant_type'],
  invalid_scope: [400, 'invalid_scope'],
  not_found: [404, 'not_found'],
  method_not_allowed: [405, 'method_not_allowed'],
  slow_down: [429, 'slow_down'],
  misconfigured: [500, 'server_error'],
  wrong_tenant: [500, 'server_error'],
  nothing_granted: [500, 'server_error'],
  too_much_granted: [500, 'server_error'],
  credential_refused: [502, 'server_error'],
  unusable_answer: [502, 'server_error'],
  throttled: [503, 'temporarily_unavailable'],
  timed_out: [503, 'temporarily_unavailable'],
  unavailable: [503, 'temporarily_unavailable'],
};

/** For a failure that says nothing of when to come back. */
const RETRY_AFTER_SECONDS = 2;

function errorResponse(telemetry: Telemetry, error: unknown, asked: Asked): FunctionUrlResponse {
  const known = error instanceof VendingError ? error : undefined;
  const [status, code] = known ? WIRE[known.code] : [500, 'server_error'];
  // An unexpected error's own message may hold anything.
  const description = known?.message ?? 'an unexpected error; its name is in the log';
  telemetry.refused({ ...asked, status, error: errorName(error), description });
  const retry = status === 503 || status === 429 ? (known?.retryAfterSeconds ?? RETRY_AFTER_SECONDS) : undefined;
  return json(
    status,
    { error: code, error_description: description, request_id: asked.requestId },
    {
      ...(retry !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retry))) }),
      ...(known?.allow !== undefined && { allow: known.allow }),
    },
  );
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): FunctionUrlResponse {
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache', ...headers },
    body: JSON.stringify(body),
  };
}
