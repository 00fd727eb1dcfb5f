// The canonical request of Signature Version 4: the text that a signature covers. For Lambda, as for all services but
// S3, the path is normalized and then encoded once more.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHash } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  /** As on the request line: percent-encoded, and without the query. */
  readonly path: string;
  readonly query: string;
  /** Names are in lower case; the values of a repeated header are joined with commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The signed headers are in alphabetical order, and the request has each of them. */
export function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[]): string {
  const { method, path, query, headers, body } = request;
  return [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${headers[name]?.replaceAll(/\s+/g, ' ').trim()}`),
    '',
    signedHeaders.join(';'),
    sha256(body),
  ].join('\n');
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Repeated slashes and dot segments are removed, as the AWS SDKs do it. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(uriEncode(segment));
  }
  const end = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${end}`;
}

/** Sorted by name, then by value. A name without `=` has an empty value. */
function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((parameter) => parameter !== '')
    .map((parameter) => {
      const [name = '', ...value] = parameter.split('=');
      return { name: canonicalEscapes(name), value: canonicalEscapes(value.join('=')) };
    })
    .sort((a, b) => compare(a.name, b.name) || compare(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join('&');
}

/** Writes unreserved characters plain and all others in upper-case hexadecimal. `+` is a space in a query. */
function canonicalEscapes(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replaceAll(/%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~-]/gu, (part) =>
      part.length === 3 ? canonicalEscape(part) : uriEncode(part),
    );
}

function canonicalEscape(percentHex: string): string {
  const character = String.fromCharCode(Number.parseInt(percentHex.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : percentHex.toUpperCase();
}

/** Encodes everything but the unreserved characters (RFC 3986 §2.3). encodeURIComponent leaves out five more. */
function uriEncode(text: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, hex);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
