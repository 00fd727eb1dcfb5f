// The rules that hold for every request. They are about its answer, the lines that the function prints, and the
// requests that reach the table and the authorization server.

import { toResponse } from '../../../local/function-url-event.ts';
import { METADATA_PATH } from './events.ts';
import type { Outcome } from './instance.ts';

/** All answers of the contract: the status, and the error in the body. */
export const ANSWERS = [
  '200',
  '400 invalid_request',
  '400 invalid_scope',
  '400 invalid_target',
  '400 unsupported_grant_type',
  '404 not_found',
  '405 method_not_allowed',
  '429 slow_down',
  '500 server_error',
  '502 server_error',
  '503 temporarily_unavailable',
];

const AUDIT_EVENTS = new Set<unknown>(['vended', 'refused']);

/**
 * Every reader takes this for one line: CloudWatch Logs, a terminal, and a program that splits at Unicode's line ends.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the rule is about them
const ONE_LINE = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]+\n$/;
const CANARY = /canary/i;
/** Errors that are found before the table or the authorization server is asked. */
const FREE =
  /^(404|405)|unsupported_grant_type|invalid_request|invalid_target|not allowed by profile|scope must be a space-delimited|names more than one tenant|must name a tenant|vends tokens of another tenant/;
const AFTER_A_READ = /min_ttl may be at most/;

export function wireOf({ response }: Outcome): string {
  const { error } = parsed(response.body);
  return error === undefined ? String(response.statusCode) : `${response.statusCode} ${error}`;
}

/** Each sentence that is returned describes something wrong. */
export function violations(event: unknown, outcome: Outcome, allowed: readonly string[] | undefined): string[] {
  const isMetadata = outcome.response.statusCode === 200 && pathOf(event) === METADATA_PATH;
  return [
    ...ofAnswer(outcome, isMetadata),
    ...(outcome.response.statusCode === 200 ? ofGranted(outcome, isMetadata, allowed) : ofError(outcome)),
    ...ofPrinted(outcome, isMetadata),
    ...ofCost(outcome, allowed),
    ...Object.keys(Object.prototype).map((name) => `every object has a ${name} now`),
  ];
}

function ofAnswer(outcome: Outcome, isMetadata: boolean): string[] {
  const { statusCode, headers, body } = outcome.response;
  const hasSource = ['memory', 'table', 'mint'].includes(headers['x-token-source'] ?? '');
  const retryAfter = headers['retry-after'];
  return claims({
    'the answer is not one of the contract': ANSWERS.includes(wireOf(outcome)),
    'Lambda would not accept it as a response': toResponse(outcome.response) !== undefined,
    'content-type is not JSON': headers['content-type'] === 'application/json',
    'a cache may store the answer': headers['cache-control'] === 'no-store' && headers.pragma === 'no-cache',
    'x-token-source is wrong': hasSource === (statusCode === 200 && !isMetadata),
    'Allow is wrong': statusCode === 405 ? /^(POST|GET)$/.test(headers.allow ?? '') : headers.allow === undefined,
    'Retry-After is wrong':
      statusCode === 429 || statusCode === 503 ? /^[1-9]\d{0,4}$/.test(retryAfter ?? '') : retryAfter === undefined,
    'a header has a canary': !CANARY.test(JSON.stringify(headers)),
    'the body is not valid Unicode': body.isWellFormed(),
  });
}

function ofError({ response, requestId, printed }: Outcome): string[] {
  const { error_description: description, ...body } = parsed(response.body);
  return claims({
    'the error does not have exactly its three fields': Object.keys(body).join() === 'error,request_id',
    'the request ID is that of another request': body.request_id === requestId,
    'the error has no description': typeof description === 'string' && description !== '',
    // RFC 6749 §5.2. The command in the description of a 500 has quotes.
    'the description has characters that RFC 6749 forbids':
      response.statusCode >= 500 || /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/.test(String(description)),
    'the error was unexpected': !/unexpected/.test(String(description)),
    'the error has a canary': !CANARY.test(response.body) && !CANARY.test(printed.join('')),
  });
}

function ofGranted({ response }: Outcome, isMetadata: boolean, allowed: readonly string[] | undefined): string[] {
  const { access_token: token, ...body } = parsed(response.body);
  if (isMetadata) {
    return claims({
      'the metadata has a token': token === undefined,
      'the metadata has no issuer': typeof body.issuer === 'string',
      'the metadata has a canary': !CANARY.test(response.body),
    });
  }
  const scopes = String(body.scope ?? '').split(' ');
  return claims({
    'there is no token': typeof token === 'string' && token.startsWith('canary-token'),
    'the token has no lifetime': Number(body.expires_in) > 0,
    'more than the profile allows was vended': !allowed || scopes.every((scope) => !scope || allowed.includes(scope)),
    'the answer has a secret': !/canary-(?!tenant)/.test(JSON.stringify(body)),
  });
}

function ofPrinted({ printed, requestId, response }: Outcome, isMetadata: boolean): string[] {
  const events = printed.map(parsed);
  const audit = events.filter(({ event }) => AUDIT_EVENTS.has(event));
  const [line = {}] = audit;
  const expected = isMetadata ? undefined : response.statusCode === 200 ? 'vended' : 'refused';
  const scopeFields = ['scopes_asked', 'scopes_given', 'scopes_given_sha256_prefix'];
  const texts = ['caller_arn', 'caller_account', 'organization', ...scopeFields, 'token_sha256_prefix', 'item'];
  return claims({
    'a line is more than one line': printed.every((text) => ONE_LINE.test(text)),
    'a line has a canary': !CANARY.test(printed.join('')),
    'a line names no event or no profile': events.every(
      ({ event, Profile }) => typeof event === 'string' && Profile === 'default',
    ),
    'the number or kind of the audit lines is wrong': audit.length === (isMetadata ? 0 : 1) && line.event === expected,
    'the audit line is of another request': isMetadata || line.request_id === requestId,
    'the audit line has another status': expected !== 'refused' || line.status === response.statusCode,
    'a field of the audit line is not text': texts.every((name) => /undefined|string/.test(typeof line[name])),
  });
}

/** A request that is refused at once is free, and scopes outside the allow-list are never requested from the server. */
function ofCost(outcome: Outcome, allowed: readonly string[] | undefined): string[] {
  const { reads, writes, requestedScopes, response } = outcome;
  const described = `${wireOf(outcome)} ${parsed(response.body).error_description}`;
  const isFree = FREE.test(described) && !AFTER_A_READ.test(described);
  const isSlowed = response.statusCode === 429;
  return claims({
    'a request that is refused at once was not free': !isFree || reads + writes + requestedScopes.length === 0,
    'a request that got 429 caused a write or a request to the authorization server':
      !isSlowed || writes + requestedScopes.length === 0,
    'scopes outside the allow-list were requested from the authorization server':
      !allowed || requestedScopes.every((scope = '') => scope.split(' ').every((one) => allowed.includes(one))),
  });
}

/** The descriptions of what is wrong, out of descriptions with the condition that rules each of them out. */
function claims(conditions: Readonly<Record<string, boolean>>): string[] {
  return Object.keys(conditions).filter((description) => !conditions[description]);
}

function parsed(json: string): Record<string, unknown> {
  return JSON.parse(json);
}

function pathOf(event: unknown): unknown {
  return (event as { rawPath?: unknown } | null)?.rawPath;
}
