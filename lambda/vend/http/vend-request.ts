// Reads a token request (RFC 6749 §4.4.2, RFC 8707, RFC 9396, and this service's own parameters) from a function URL's
// event. A parameter that would be overlooked is refused, because the token would be for more than was asked for.

import { VendingError } from '../../errors.ts';
import { kindOf } from '../../kind-of.ts';
import { Scopes } from '../../oauth/scopes.ts';
import type { Settings } from '../settings.ts';
import type { VendRequest } from '../state/token-state.ts';
import type { FunctionUrlEvent } from './function-url-event.ts';
import { invalidRequest, readBody, type SentParameter } from './request-body.ts';

const OWN = ['grant_type', 'client_id', 'client_secret', 'scope', 'min_ttl', 'rejected_token_sha256'] as const;
/** They name what the token is for, as the parameters that the credential sends do. They may be repeated. */
const TARGETS = ['audience', 'resource', 'authorization_details'] as const;
/** The parameters that this endpoint reads for each profile. Others are ignored (RFC 6749 §3.2). */
export const PARAMETERS = [...OWN, ...TARGETS] as const;

type ParameterName = (typeof PARAMETERS)[number];

/** The names of parameters by what they are without case, separators, plural and the index of a list (`scope[0]`). */
type Names = ReadonlyMap<string, string>;

const NAMES = PARAMETERS.map(byNormalized);

/**
 * @param settings the profile's name is the only valid client ID; the parameters are the only valid targets
 * @throws VendingError `invalid_request`, `unsupported_grant_type`, `invalid_scope` or `invalid_target`
 */
export function parseVendRequest(
  event: FunctionUrlEvent,
  { profile, parameters = {} }: Pick<Settings, 'profile' | 'parameters'>,
): VendRequest {
  const names = new Map([...Object.keys(parameters).map(byNormalized), ...NAMES]);
  assertNoQueryParameters(event.rawQueryString, names);
  const sent = knownParameters(readBody(event), names);
  const read = (name: ParameterName) => oneText(name, sent.get(name) ?? []);
  if (read('client_secret')) throw invalidRequest('client_secret must not be sent: callers need none');
  const clientId = read('client_id');
  if (clientId && clientId !== profile) throw invalidRequest(`client_id, if sent, must be ${profile}`);
  const grantType = read('grant_type');
  if (grantType && grantType !== 'client_credentials') {
    throw new VendingError('unsupported_grant_type', 'grant_type, if sent, must be client_credentials');
  }
  const isOwn = (name: string) => OWN.some((own) => own === name);
  for (const [name, values] of sent) if (!isOwn(name)) assertTarget(name, values, parameters[name]);
  const scope = read('scope');
  return {
    scopes: Scopes.parse(scope),
    tenant: Scopes.parseTenant(scope),
    minTtlMs: parseMinTtl(read('min_ttl')) * 1000,
    rejectedTokenSha256: parseSha256(read('rejected_token_sha256')),
  };
}

/** If a scope in the query string were ignored, a token with all scopes would be vended instead. */
function assertNoQueryParameters(query: unknown, names: Names): void {
  if (typeof query !== 'string') return;
  for (const name of new URLSearchParams(query).keys()) {
    const meant = names.get(normalized(name));
    if (meant !== undefined) throw invalidRequest(`${meant} must be sent in the body, not in the query string`);
  }
}

/** The values of each known parameter. */
function knownParameters(sent: readonly SentParameter[], names: Names): ReadonlyMap<string, readonly unknown[]> {
  const known = new Map<string, unknown[]>();
  for (const [name, value] of sent) {
    const meant = names.get(normalized(name));
    if (meant === undefined) continue;
    if (name !== meant) throw invalidRequest(`a parameter is named almost like ${meant}: its name must be ${meant}`);
    const values = known.get(meant);
    if (values) values.push(value);
    else known.set(meant, [value]);
  }
  return known;
}

function byNormalized(name: string): [normalized: string, name: string] {
  return [normalized(name), name];
}

function normalized(name: string): string {
  return name
    .toLowerCase()
    .replace(/\[\d*\]/g, '')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/s$/, '');
}

/** Returns '' if the parameter was left out. One without a value counts as left out (RFC 6749 §3.2), and so does null. */
function oneText(name: string, values: readonly unknown[]): string {
  if (values.length > 1) throw invalidRequest(`${name} is repeated`);
  const [value] = values;
  return value === undefined || value === null ? '' : textOf(name, value);
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw invalidRequest(`${name} must be a string or a number, not ${kindOf(value)}`);
}

/**
 * A caller must never get a token for something else than it names: an API (RFC 8707 §2), details (RFC 9396), or, for
 * example, an organization of Auth0.
 * @param values texts, or in JSON also lists of texts
 * @param configured what the token endpoint is sent under this name
 */
function assertTarget(name: string, values: readonly unknown[], configured: string | undefined): void {
  const named = values.filter((value) => value !== null).flat();
  if (named.every((value) => ['', configured].includes(textOf(name, value)))) return;
  const problem =
    configured === undefined
      ? `${name} must not be sent: this profile's credential has none among its parameters`
      : `${name}, if sent, must be the one among the parameters of this profile's credential`;
  throw new VendingError('invalid_target', problem);
}

/** Returns whole seconds, and 0 if the parameter was not sent. */
function parseMinTtl(value: string): number {
  if (value === '') return 0;
  if (!/^\d{1,9}$/.test(value)) throw invalidRequest('min_ttl must be a whole number of seconds');
  return Number(value);
}

function parseSha256(value: string): string | undefined {
  if (value === '') return undefined;
  if (!/^[0-9a-f]{64}$/i.test(value)) throw invalidRequest('rejected_token_sha256 must be 64 hexadecimal digits');
  return value.toLowerCase();
}
