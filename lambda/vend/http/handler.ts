// The handler of the function URL. It routes an event (payload format 2.0) and answers it.

import type { Clock } from '../../clock.ts';
import { VendingError } from '../../errors.ts';
import { ANSWER_RESERVE_MS } from '../../time-limits.ts';
import type { Settings } from '../settings.ts';
import type { TokenVendor } from '../vending/token-vendor.ts';
import type { AuditLog, RequestFields } from './audit-log.ts';
import { callerOf, principalOf } from './caller.ts';
import { errorResponse } from './error-response.ts';
import type { FunctionUrlEvent } from './function-url-event.ts';
import { type FunctionUrlResponse, jsonResponse } from './json-response.ts';
import { metadata } from './metadata.ts';
import { parseVendRequest } from './vend-request.ts';

const TOKEN_PATHS: ReadonlySet<unknown> = new Set(['/oauth/token', '/']);
const METADATA_PATH = '/.well-known/oauth-authorization-server';

interface FunctionContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

interface AuditedRequest {
  readonly event: FunctionUrlEvent;
  /** The request's part of its audit line, as far as the request was read. */
  audit: RequestFields;
}

export interface HandlerProps {
  readonly vendor: Pick<TokenVendor, 'vend'>;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly settings: Pick<Settings, 'profile' | 'parameters' | 'scopes'>;
}

export type Handler = (event: FunctionUrlEvent, context: FunctionContext) => Promise<FunctionUrlResponse>;

export function createHandler(props: HandlerProps): Handler {
  return async (event, context) => {
    const { awsRequestId: requestId } = context;
    const request: AuditedRequest = { event: event ?? {}, audit: { requestId, ...callerOf(event?.requestContext) } };
    try {
      return await route(props, request, context);
    } catch (error) {
      return errorResponse(props.auditLog, error, request.audit);
    }
  };
}

async function route(
  props: HandlerProps,
  request: AuditedRequest,
  context: FunctionContext,
): Promise<FunctionUrlResponse> {
  const { event } = request;
  const path = withoutSpareSlashes(event.rawPath);
  if (TOKEN_PATHS.has(path)) {
    assertMethod(event, 'POST');
    return await tokenResponse(props, request, context);
  }
  if (path === METADATA_PATH) {
    assertMethod(event, 'GET');
    return jsonResponse(200, metadata(event, props.settings.scopes));
  }
  throw new VendingError('not_found', 'nothing is here: tokens are vended at POST /oauth/token');
}

/** Repeated slashes and a slash at the end make no difference: callers put URLs together in many ways. */
function withoutSpareSlashes(path: unknown): unknown {
  return typeof path === 'string' ? path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '') : path;
}

function assertMethod({ requestContext }: FunctionUrlEvent, method: string): void {
  const { http } = (requestContext ?? {}) as { http?: { method?: unknown } | null };
  if (http?.method === method) return;
  throw new VendingError('method_not_allowed', `only ${method} is answered here`, { allow: method });
}

async function tokenResponse(
  { vendor, auditLog, clock, settings }: HandlerProps,
  audited: AuditedRequest,
  context: FunctionContext,
): Promise<FunctionUrlResponse> {
  const deadlineMs = clock.nowMs() + context.getRemainingTimeInMillis() - ANSWER_RESERVE_MS;
  const request = parseVendRequest(audited.event, settings);
  audited.audit = { ...audited.audit, scopesAsked: request.scopes?.toString() };
  const { token, ...vended } = await vendor.vend({ ...request, caller: principalOf(audited.audit) }, deadlineMs);
  const response = token.response(clock.nowMs());
  const tokenFields = {
    scopesGiven: token.scopes,
    expiresInSeconds: Number(response.expires_in),
    credentialVersion: vended.credentialVersion,
    tokenSha256Prefix: token.sha256.slice(0, 8),
    item: vended.key.slice(settings.profile.length + 1, settings.profile.length + 9),
  };
  auditLog.vended(audited.audit, tokenFields, vended);
  return jsonResponse(200, response, { 'x-token-source': vended.source });
}
