// Reads how a request is signed (Signature Version 4), as strictly as AWS does: from the headers `Authorization` and
// `X-Amz-Date` or `Date`, or from the query of a presigned URL.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

import type { SignedRequest } from './canonical-request.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The limit of X-Amz-Expires: seven days. */
const MAX_EXPIRES_SECONDS = 604_800;

export interface SignatureParameters {
  readonly accessKeyId: string;
  readonly scope: { readonly date: string; readonly region: string; readonly service: string; readonly end: string };
  /** As the caller lists them. */
  readonly signedHeaders: readonly string[];
  /** Hexadecimal. */
  readonly signature: string;
  readonly signedAtMs: number;
  /** How long a presigned URL is valid. Undefined if it doesn't say so, and for a signature in the headers. */
  readonly expiresSeconds?: number;
  /** The query that the signature covers: a presigned URL's without the signature itself. */
  readonly signedQuery: string;
}

type Authorization = Omit<SignatureParameters, 'signedAtMs' | 'expiresSeconds' | 'signedQuery'>;

/** Returns the parameters, AWS's error message about them, or undefined if the request is not signed. */
export function readSignatureParameters({ headers, query }: SignedRequest): SignatureParameters | string | undefined {
  const presigned = new URLSearchParams(query);
  if (!presigned.has('X-Amz-Algorithm')) {
    return headers.authorization === undefined ? undefined : readHeaders(headers.authorization, headers, query);
  }
  if (headers.authorization === undefined) return readPresigned(presigned, query);
  return "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
}

function readHeaders(
  authorizationHeader: string,
  { 'x-amz-date': amzDate, date = '' }: SignedRequest['headers'],
  signedQuery: string,
): SignatureParameters | string {
  const authorization = parseAuthorization(authorizationHeader);
  if (typeof authorization === 'string') return authorization;
  const signedAtMs = amzDate === undefined ? parseDate(date) : parseAmzDate(amzDate);
  if (Number.isNaN(signedAtMs)) {
    return "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
  }
  return { ...authorization, signedAtMs, signedQuery };
}

function readPresigned(presigned: URLSearchParams, query: string): SignatureParameters | string {
  const names = ['X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date'] as const;
  const missing = names.filter((name) => !presigned.get(name));
  if (missing.length > 0) {
    const sentences = missing.map((name) => `AWS query-string parameters must include '${name}'. `);
    return `${sentences.join('')}Re-examine the query-string parameters.`;
  }
  const [credential = '', signature = '', signedHeaders = '', date = ''] = names.map(
    (name) => presigned.get(name) ?? '',
  );
  const algorithm = presigned.get('X-Amz-Algorithm');
  if (algorithm !== ALGORITHM) return `Unsupported AWS 'algorithm': '${algorithm}' (only ${ALGORITHM} for now). `;
  const parsed = parseCredential(credential);
  if (typeof parsed === 'string') return parsed;
  const signedAtMs = parseAmzDate(date);
  if (Number.isNaN(signedAtMs)) return `Date must be in ISO-8601 'basic format'. Got '${date}'.`;
  const expires = presigned.get('X-Amz-Expires');
  const expiresSeconds = expires === null ? undefined : parseExpires(expires);
  if (Number.isNaN(expiresSeconds)) {
    return `X-Amz-Expires must be a number of seconds from 1 to ${MAX_EXPIRES_SECONDS}, not '${expires}'.`;
  }
  return {
    ...parsed,
    signedHeaders: signedHeaders.split(';'),
    signature,
    signedAtMs,
    ...(expiresSeconds !== undefined && { expiresSeconds }),
    signedQuery: query.replaceAll(/(?<=^|&)X-Amz-Signature=[^&]*/g, ''),
  };
}

/** Returns the header's parts, or AWS's error message about the header. */
export function parseAuthorization(header: string): Authorization | string {
  const [, parameters] = /^AWS4-HMAC-SHA256 +(.*)$/.exec(header) ?? [];
  if (parameters === undefined) return `Authorization header requires the algorithm '${ALGORITHM}'.`;
  const values = new Map(
    parameters.split(',').map((parameter) => {
      const [name = '', value = ''] = parameter.trim().split('=', 2);
      return [name, value];
    }),
  );
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !values.get(name));
  if (missing.length > 0) return missing.map((name) => `Authorization header requires '${name}' parameter.`).join(' ');
  const parsed = parseCredential(values.get('Credential') ?? '');
  if (typeof parsed === 'string') return parsed;
  return {
    ...parsed,
    signedHeaders: values.get('SignedHeaders')?.split(';') ?? [],
    signature: values.get('Signature') ?? '',
  };
}

function parseCredential(credential: string): Pick<Authorization, 'accessKeyId' | 'scope'> | string {
  const parts = credential.split('/');
  // An access key ID may have slashes, so the scope is the last four parts.
  const [date, region, service, end] = parts.splice(-4);
  const accessKeyId = parts.join('/');
  if (!accessKeyId || date === undefined || region === undefined || service === undefined || end === undefined) {
    const example = 'keyid/date/region/service/term';
    return `Credential must have at least 5 slash-delimited elements, e.g. ${example}, got '${credential}'`;
  }
  return { accessKeyId, scope: { date, region, service, end } };
}

/** Converts `20261124T053419Z` to milliseconds. Returns NaN for any other format. */
export function parseAmzDate(date: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** The header `Date` has the form of X-Amz-Date, or the one that RFC 9110 §5.6.7 tells senders to use. */
function parseDate(date: string): number {
  return /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(date) ? Date.parse(date) : parseAmzDate(date);
}

export function formatAmzDate(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

function parseExpires(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return seconds >= 1 && seconds <= MAX_EXPIRES_SECONDS ? seconds : Number.NaN;
}
