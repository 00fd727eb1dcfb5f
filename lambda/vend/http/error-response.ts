// This is the only place where an error is turned into an HTTP response.

import { type ErrorCode, VendingError } from '../../errors.ts';
import type { AuditLog, RequestFields } from './audit-log.ts';
import { type FunctionUrlResponse, jsonResponse } from './json-response.ts';

/** The status and the `error` of the response for each code. RFC 6749 defines some of them. */
const RESPONSES: Readonly<Record<ErrorCode, readonly [status: number, error: string]>> = {
  invalid_request: [400, 'invalid_request'],
  unsupported_grant_type: [400, 'unsupported_grant_type'],
  invalid_scope: [400, 'invalid_scope'],
  invalid_target: [400, 'invalid_target'],
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

/** The `Retry-After` of a failure that names no time. */
const RETRY_AFTER_SECONDS = 2;

export function errorResponse(auditLog: AuditLog, error: unknown, requestFields: RequestFields): FunctionUrlResponse {
  const expected = error instanceof VendingError ? error : undefined;
  const [status, code] = expected ? RESPONSES[expected.code] : [500, 'server_error'];
  // The message of an unexpected error may hold anything, so it is not used.
  const description = expected?.message ?? 'an unexpected error occurred; its name is in the log';
  auditLog.refused(requestFields, status, error, description);
  const retry = status === 503 || status === 429 ? (expected?.retryAfterSeconds ?? RETRY_AFTER_SECONDS) : undefined;
  return jsonResponse(
    status,
    { error: code, error_description: description, request_id: requestFields.requestId },
    {
      ...(retry !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retry))) }),
      ...(expected?.allow !== undefined && { allow: expected.allow }),
    },
  );
}
