// Reads a token request (RFC 6749 §4.4.2, and this service's own parameters) from a function URL's event. Any field of
// the event may be missing or of another type. Only the fields of Lambda's authorizer are trusted.

import { VendingError } from '../../errors.ts';
import { Scopes } from '../../oauth/scopes.ts';
import type { VendRequest } from '../state/token-state.ts';
import type { FunctionUrlEvent } from './function-url-event.ts';

const MAX_BODY_BYTES = 16 * 1024;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The parameters that this endpoint reads. Others are ignored (RFC 6749 §3.2). */
const PARAMETERS = ['grant_type', 'client_id', 'client_secret', 'scope', 'min_ttl', 'rejected_token_sha256'] as const;

/**
 * @param profile the profile's name, which is the only valid client ID
 * @throws VendingError `invalid_request`, `unsupported_grant_type` or `invalid_scope`
 */
export function parseVendRequest(event: FunctionUrlEvent, profile: string): VendRequest {
  assertNoQueryParameters(event.rawQueryString);
  const parameters = parseBody(bodyText(event), contentType(event.headers));
  if (parameters.get('client_secret')) throw invalid('client_secret must not be sent: callers need none');
  const clientId = parameters.get('client_id');
  if (clientId && clientId !== profile) throw invalid(`client_id, if sent, must be ${profile}`);
  const grantType = parameters.get('grant_type');
  if (grantType && grantType !== 'client_credentials') {
    throw new VendingError('unsupported_grant_type', 'grant_type, if sent, must be client_credentials');
  }
  const scope = parameters.get('scope') ?? '';
  return {
    scopes: Scopes.parse(scope),
    tenant: Scopes.parseTenant(scope),
    minTtlMs: parseMinTtl(parameters.get('min_ttl')) * 1000,
    rejectedTokenSha256: parseSha256(parameters.get('rejected_token_sha256')),
  };
}

/** If a scope in the query string were ignored, a token with all scopes would be vended instead. */
function assertNoQueryParameters(query: unknown): void {
  if (typeof query !== 'string' || query === '') return;
  const named = PARAMETERS.find((name) => new URLSearchParams(query).has(name));
  if (named) throw invalid(`${named} must be sent in the body, not in the query string`);
}

function contentType(headers: unknown): string {
  const value = (headers as Record<string, unknown> | null | undefined)?.['content-type'];
  return typeof value === 'string' ? value : '';
}

function bodyText(event: FunctionUrlEvent): string {
  const { body, isBase64Encoded } = event;
  if (body === undefined || body === null) return '';
  if (typeof body !== 'string') throw invalid('the body is not text');
  if (isBase64Encoded !== true) {
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) throw tooLarge();
    if (!body.isWellFormed()) throw invalid('the body is not UTF-8');
    return body;
  }
  // Base64 has four characters for three bytes.
  if (body.length > Math.ceil(MAX_BODY_BYTES / 3) * 4) throw tooLarge();
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(body)) throw invalid('the body is not base64');
  const bytes = Buffer.from(body, 'base64');
  if (bytes.length > MAX_BODY_BYTES) throw tooLarge();
  try {
    return UTF8.decode(bytes);
  } catch {
    throw invalid('the body is not UTF-8');
  }
}

function parseBody(text: string, type: string): ReadonlyMap<string, string> {
  if (text === '') return new Map();
  const [mediaType = '', ...options] = type.toLowerCase().split(';');
  const charset = options.map((option) => option.trim()).find((option) => option.startsWith('charset='));
  if (charset && !/^charset="?utf-?8"?$/.test(charset)) throw invalid('the charset of the body must be UTF-8');
  switch (mediaType.trim()) {
    case 'application/x-www-form-urlencoded':
      return parseForm(text);
    case 'application/json':
      return parseJson(text);
    default:
      throw invalid('content-type must be application/x-www-form-urlencoded or application/json');
  }
}

/** This is stricter than URLSearchParams, which replaces bytes that are not UTF-8. */
function parseForm(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of text.split('&').filter((pair) => pair !== '')) {
    const separator = pair.indexOf('=');
    const [name, value] = (separator === -1 ? [pair, ''] : [pair.slice(0, separator), pair.slice(separator + 1)]).map(
      decodeForm,
    ) as [string, string];
    if (parameters.has(name)) throw repeated();
    parameters.set(name, value);
  }
  return parameters;
}

function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalid('the body is not form-encoded UTF-8');
  }
}

function parseJson(text: string): ReadonlyMap<string, string> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw invalid('the body is not JSON'); // The parser's own message would quote the body.
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('the body is not a JSON object');
  const entries = Object.entries(body).map(([name, value]): [string, string] => {
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw invalid('each parameter of the body must be a string or a number');
    }
    return [name, String(value)];
  });
  // JSON.parse keeps the last of two equal names, so names are counted: in an object of strings and numbers, each
  // string before a colon is a name.
  const names = [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/g)].filter(([, colon]) => colon);
  if (names.length !== entries.length) throw repeated();
  return new Map(entries);
}

/** Returns whole seconds, and 0 if the parameter was not sent. */
function parseMinTtl(value: string | undefined): number {
  if (!value) return 0;
  if (!/^\d{1,9}$/.test(value)) throw invalid('min_ttl must be a whole number of seconds');
  return Number(value);
}

function parseSha256(value: string | undefined): string | undefined {
  if (!value) return undefined;
  if (!/^[0-9a-f]{64}$/i.test(value)) throw invalid('rejected_token_sha256 must be 64 hexadecimal digits');
  return value.toLowerCase();
}

function invalid(description: string): VendingError {
  return new VendingError('invalid_request', description);
}
function repeated(): VendingError {
  return invalid('a parameter is repeated');
}
function tooLarge(): VendingError {
  return invalid('the body is over 16 KiB');
}
