// Checks Signature Version 4 as Lambda does in front of a function URL: the signature is computed again over the
// request as received, with exactly the headers that the caller says it signed, and compared.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHash, timingSafeEqual } from 'node:crypto';
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { type Authorization, formatAmzDate, parseAmzDate, parseAuthorization } from './authorization-header.ts';

const SERVICE = 'lambda';
const MAX_CLOCK_DIFFERENCE_MS = 5 * 60_000;

const WRONG_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
  'and signing method. Consult the service documentation for details.';

const UNSIGNED: Refusal = {
  errorType: 'AccessDeniedException',
  body: {
    Message:
      'Forbidden. For troubleshooting Function URL authorization issues, see: ' +
      'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html',
  },
};

export interface SignedRequest {
  readonly method: string;
  /** As on the request line: percent-encoded, and without the query. */
  readonly path: string;
  readonly query: string;
  /** Names are in lower case; the values of a repeated header are joined with commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Refusal {
  readonly errorType: string;
  readonly body: object;
}

/** Returns Lambda's refusal of the request, or undefined if the signature is right. */
export async function findSignatureProblem(
  request: SignedRequest,
  credentials: Credentials,
  region: string,
  nowMs: number,
): Promise<Refusal | undefined> {
  const { authorization: header, 'x-amz-date': date = '' } = request.headers;
  if (header === undefined) return UNSIGNED;
  const authorization = parseAuthorization(header);
  if (typeof authorization === 'string') return refusal('IncompleteSignatureException', authorization);
  const signedAtMs = parseAmzDate(date);
  if (Number.isNaN(signedAtMs)) {
    const message = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
    return refusal('IncompleteSignatureException', message);
  }
  const problem = scopeProblem(authorization, date, region) || clockProblem(signedAtMs, nowMs);
  if (problem) return refusal('InvalidSignatureException', problem);
  if (authorization.accessKeyId !== credentials.accessKeyId) {
    return refusal('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  if (!authorization.signedHeaders.has('host')) {
    const message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    return refusal('InvalidSignatureException', message);
  }
  const expected = await computeSignature(request, authorization, credentials, signedAtMs);
  const isRight = isBodyAsAnnounced(request) && isEqual(authorization.signature, expected);
  return isRight ? undefined : refusal('InvalidSignatureException', WRONG_SIGNATURE);
}

function refusal(errorType: string, message: string): Refusal {
  return { errorType, body: { message } };
}

/** Returns '' if the scope is right. Lambda joins its sentences, each with a space after it. */
function scopeProblem({ scope }: Authorization, amzDate: string, region: string): string {
  const day = amzDate.slice(0, 8);
  const sentences = [
    scope.region !== region && 'Credential should be scoped to a valid region.',
    scope.service !== SERVICE && `Credential should be scoped to correct service: '${SERVICE}'.`,
    scope.end !== 'aws4_request' &&
      `Credential should be scoped with a valid terminator: 'aws4_request', not '${scope.end}'.`,
    scope.date !== day &&
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${scope.date}' != '${day}', from '${amzDate}'.`,
  ];
  return sentences.map((sentence) => (sentence ? `${sentence} ` : '')).join('');
}

/** Returns '' if the request was signed within five minutes of now. A signature's time has a resolution of 1 s. */
function clockProblem(signedAtMs: number, nowMs: number): string {
  const nowSecondMs = Math.floor(nowMs / 1000) * 1000;
  const earliestMs = nowSecondMs - MAX_CLOCK_DIFFERENCE_MS;
  const latestMs = nowSecondMs + MAX_CLOCK_DIFFERENCE_MS;
  const signedAt = formatAmzDate(signedAtMs);
  const now = formatAmzDate(nowSecondMs);
  if (signedAtMs < earliestMs) {
    return `Signature expired: ${signedAt} is now earlier than ${formatAmzDate(earliestMs)} (${now} - 5 min.)`;
  }
  if (signedAtMs > latestMs) {
    return `Signature not yet current: ${signedAt} is still later than ${formatAmzDate(latestMs)} (${now} + 5 min.)`;
  }
  return '';
}

/** A function URL accepts no unsigned payload: if a hash is sent, it must be the hash of the body. */
function isBodyAsAnnounced({ headers, body }: SignedRequest): boolean {
  const announced = headers['x-amz-content-sha256'];
  return announced === undefined || announced === createHash('sha256').update(body).digest('hex');
}

async function computeSignature(
  { method, path, query, headers, body }: SignedRequest,
  { signedHeaders, scope: { region, service } }: Authorization,
  credentials: Credentials,
  signedAtMs: number,
): Promise<string> {
  const { accessKeyId, secretAccessKey } = credentials;
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey },
    sha256: Hash.bind(null, 'sha256'),
    applyChecksum: false,
  });
  const toSign = {
    method,
    protocol: 'http:',
    hostname: '',
    path,
    query: parseQuery(query),
    headers: Object.fromEntries([...signedHeaders].map((name) => [name, headers[name] ?? ''])),
    body,
  };
  // Without signableHeaders, this signer leaves out a few headers that other signers include.
  const signed = await signer.sign(toSign, {
    signingDate: new Date(signedAtMs),
    signableHeaders: new Set(signedHeaders),
  });
  return /Signature=([0-9a-f]+)$/.exec(signed.headers.authorization ?? '')?.[1] ?? '';
}

/** Decodes percent-encoding only: in a signature, `+` is a plus. */
function parseQuery(query: string): Record<string, string[]> {
  const parameters: Record<string, string[]> = {};
  for (const part of query.split('&').filter((part) => part !== '')) {
    const [name = '', ...value] = part.split('=').map(decoded);
    parameters[name] = [...(parameters[name] ?? []), value.join('=')];
  }
  return parameters;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isEqual(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
