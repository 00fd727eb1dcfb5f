// Reads the parameters in the body of a token request: a form (RFC 6749 §4.4.2) or a JSON object. Any field of the event
// may be missing or of another type. No error quotes the body, because it may hold a secret.

import { VendingError } from '../../errors.ts';
import { kindOf } from '../../kind-of.ts';
import type { FunctionUrlEvent } from './function-url-event.ts';

/** A parameter as it was sent. In a form, each value is a text. */
export type SentParameter = readonly [name: string, value: unknown];

const MAX_BODY_BYTES = 16 * 1024;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
/** A body is recognised by its beginning, so that an error can name the content type that was meant. */
const BEGINNINGS = [
  { kind: 'JSON', type: JSON_TYPE, pattern: /^\s*[{["]/ },
  { kind: 'a form', type: FORM, pattern: /^&*[\w.*~%+-]+=/ },
] as const;
/** A content type that an error may name (RFC 6838 §4.2). */
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64}$/;

/**
 * @returns all parameters of the body in their order, also repeated ones
 * @throws VendingError `invalid_request`
 */
export function readBody(event: FunctionUrlEvent): readonly SentParameter[] {
  const text = bodyText(event);
  if (text === '') return [];
  const [mediaType = '', ...options] = contentType(event.headers).toLowerCase().split(';');
  const type = mediaType.trim();
  const charset = options.map((option) => option.trim()).find((option) => option.startsWith('charset='));
  if (charset !== undefined) assertReadsTheSame(text, charset.slice('charset='.length).replace(/^"(.*)"$/, '$1'));
  const beginning = BEGINNINGS.find(({ pattern }) => pattern.test(text));
  if (type === JSON_TYPE && beginning?.type !== FORM) return parseJson(text);
  // As a form, JSON would be one unknown parameter, so its scope would be ignored.
  if (type === FORM && beginning?.type !== JSON_TYPE) return parseForm(text);
  throw mislabelled(type, beginning);
}

export function invalidRequest(description: string): VendingError {
  return new VendingError('invalid_request', description);
}

function contentType(headers: unknown): string {
  const value = (headers as Record<string, unknown> | null | undefined)?.['content-type'];
  return typeof value === 'string' ? value : '';
}

function bodyText({ body, isBase64Encoded }: FunctionUrlEvent): string {
  if (body === undefined || body === null) return '';
  if (typeof body !== 'string') throw invalidRequest('the body is not text');
  if (isBase64Encoded !== true) {
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) throw tooLarge();
    if (!body.isWellFormed()) throw invalidRequest('the body is not UTF-8');
    return body.replace(/^\uFEFF/, ''); // as the decoder of bytes does it, too
  }
  // Base64 has four characters for three bytes.
  if (body.length > Math.ceil(MAX_BODY_BYTES / 3) * 4) throw tooLarge();
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(body)) throw invalidRequest('the body is not base64');
  const bytes = Buffer.from(body, 'base64');
  if (bytes.length > MAX_BODY_BYTES) throw tooLarge();
  try {
    return UTF8.decode(bytes);
  } catch {
    throw invalidRequest('the body is not UTF-8');
  }
}

/** Some clients name ISO-8859-1 or US-ASCII. In these, a body of ASCII reads the same as in UTF-8. */
function assertReadsTheSame(text: string, charset: string): void {
  if (decoded(text, charset) === text) return;
  throw invalidRequest(
    'the charset that content-type names is unknown, or the body reads differently in it than in UTF-8: send UTF-8',
  );
}

/** Undefined if the charset is unknown. */
function decoded(text: string, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { ignoreBOM: true }).decode(Buffer.from(text));
  } catch {
    return undefined;
  }
}

function mislabelled(type: string, beginning: (typeof BEGINNINGS)[number] | undefined): VendingError {
  const label =
    type === '' ? 'content-type is missing' : `content-type is ${MEDIA_TYPE.test(type) ? type : 'not one media type'}`;
  if (beginning === undefined) return invalidRequest(`${label}: send content-type ${FORM} or ${JSON_TYPE}`);
  return invalidRequest(`${label}, but the body is ${beginning.kind}: send content-type ${beginning.type}`);
}

/** This is stricter than URLSearchParams, which replaces bytes that are not UTF-8. */
function parseForm(text: string): SentParameter[] {
  const pairs = text.split('&').filter((pair) => pair !== '');
  return pairs.map((pair) => {
    const separator = pair.indexOf('=');
    if (separator === -1) return [decodeForm(pair), ''];
    return [decodeForm(pair.slice(0, separator)), decodeForm(pair.slice(separator + 1))];
  });
}

function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidRequest(`content-type is ${FORM}, but the body is not form-encoded UTF-8`);
  }
}

function parseJson(text: string): SentParameter[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // The parser's own message would quote the body.
    throw invalidRequest(`content-type is ${JSON_TYPE}, but the body is not JSON`);
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return membersOf(text);
  throw invalidRequest(
    `content-type is ${JSON_TYPE}, but the body is ${kindOf(body)}: send a JSON object of the parameters`,
  );
}

/**
 * JSON.parse keeps the last of two equal names. So each name at the top level is replaced by its number before.
 * @param json a valid JSON object
 */
function membersOf(json: string): SentParameter[] {
  const names: string[] = [];
  let depth = 0;
  const numbered = json.replace(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g, (token, string?: string, colon?: string) => {
    if (string === undefined) depth += '{['.includes(token) ? 1 : -1;
    if (string === undefined || colon === undefined || depth > 1) return token;
    return `"${names.push(JSON.parse(string)) - 1}":`;
  });
  const values: Record<string, unknown> = JSON.parse(numbered);
  return names.map((name, number) => [name, values[number]]);
}

function tooLarge(): VendingError {
  return invalidRequest('the body is over 16 KiB');
}
