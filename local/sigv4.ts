// Checks Signature Version 4 as Lambda does in front of a function URL: the signature is computed again over the
// request as received, with exactly the headers that the caller says it signed, and compared.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalRequest, type SignedRequest, sha256 } from './canonical-request.ts';
import { formatAmzDate, readSignatureParameters, type SignatureParameters } from './signature-parameters.ts';

const MAX_CLOCK_DIFFERENCE_MS = 5 * 60_000;

/**
 * AWS documents that each `x-amz-*` header must be signed. Signers leave out these two, and AWS takes that: the hash is
 * compared with the body, and a session token may be added after the signature was computed.
 */
const MAY_BE_UNSIGNED = new Set(['x-amz-content-sha256', 'x-amz-security-token']);

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

/** Whose requests are accepted, and for which region and service they must be signed. */
export interface ExpectedSigner {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
}

export interface Refusal {
  readonly errorType: string;
  readonly body: object;
}

/** Returns Lambda's refusal of the request, or undefined if the signature is right. */
export function findSignatureProblem(
  request: SignedRequest,
  signer: ExpectedSigner,
  nowMs: number,
): Refusal | undefined {
  const parameters = readSignatureParameters(request);
  if (parameters === undefined) return UNSIGNED;
  if (typeof parameters === 'string') return refusal('IncompleteSignatureException', parameters);
  const problem = scopeProblem(parameters, signer) || clockProblem(parameters, nowMs);
  if (problem) return refusal('InvalidSignatureException', problem);
  if (parameters.accessKeyId !== signer.accessKeyId) {
    return refusal('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  const headerProblem = signedHeadersProblem(request.headers, parameters.signedHeaders);
  if (headerProblem) return refusal('InvalidSignatureException', headerProblem);
  const isRight = isBodyAsAnnounced(request) && isSignatureRight(request, parameters, signer.secretAccessKey);
  return isRight ? undefined : refusal('InvalidSignatureException', WRONG_SIGNATURE);
}

/** Returns the signature that the parameters' own is compared with. */
export function computeSignature(
  request: SignedRequest,
  { scope, signedHeaders, signedAtMs, signedQuery }: Omit<SignatureParameters, 'accessKeyId' | 'signature'>,
  secretAccessKey: string,
): string {
  const scopeParts = [scope.date, scope.region, scope.service, scope.end];
  const canonical = canonicalRequest({ ...request, query: signedQuery }, signedHeaders);
  const toSign = ['AWS4-HMAC-SHA256', formatAmzDate(signedAtMs), scopeParts.join('/'), sha256(canonical)].join('\n');
  const key = scopeParts.reduce<string | Buffer>((parent, part) => hmac(parent, part), `AWS4${secretAccessKey}`);
  return hmac(key, toSign).toString('hex');
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function refusal(errorType: string, message: string): Refusal {
  return { errorType, body: { message } };
}

/** Returns '' if the scope is right. Lambda joins its sentences, each with a space after it. */
function scopeProblem({ scope, signedAtMs }: SignatureParameters, { region, service }: ExpectedSigner): string {
  const signedAt = formatAmzDate(signedAtMs);
  const day = signedAt.slice(0, 8);
  const sentences = [
    scope.region !== region && 'Credential should be scoped to a valid region.',
    scope.service !== service && `Credential should be scoped to correct service: '${service}'.`,
    scope.end !== 'aws4_request' &&
      `Credential should be scoped with a valid terminator: 'aws4_request', not '${scope.end}'.`,
    scope.date !== day &&
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${scope.date}' != '${day}', from '${signedAt}'.`,
  ];
  return sentences.map((sentence) => (sentence ? `${sentence} ` : '')).join('');
}

/**
 * Returns '' if the request was signed within five minutes of now, or, if its URL says how long it is valid, within that
 * time. A signature's time has a resolution of 1 s.
 */
function clockProblem({ signedAtMs, expiresSeconds }: SignatureParameters, nowMs: number): string {
  const nowSecondMs = Math.floor(nowMs / 1000) * 1000;
  const validMs = expiresSeconds === undefined ? MAX_CLOCK_DIFFERENCE_MS : expiresSeconds * 1000;
  const earliestMs = nowSecondMs - validMs;
  const latestMs = nowSecondMs + MAX_CLOCK_DIFFERENCE_MS;
  const signedAt = formatAmzDate(signedAtMs);
  const now = formatAmzDate(nowSecondMs);
  if (signedAtMs < earliestMs) {
    const valid = expiresSeconds === undefined ? '5 min.' : `${expiresSeconds} sec.`;
    return `Signature expired: ${signedAt} is now earlier than ${formatAmzDate(earliestMs)} (${now} - ${valid})`;
  }
  if (signedAtMs > latestMs) {
    return `Signature not yet current: ${signedAt} is still later than ${formatAmzDate(latestMs)} (${now} + 5 min.)`;
  }
  return '';
}

/** Returns '' if the caller lists its signed headers as AWS documents: in lower case, sorted, and each was sent. */
function signedHeadersProblem(headers: SignedRequest['headers'], signedHeaders: readonly string[]): string {
  if (!signedHeaders.includes('host'))
    return "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
  const mustBeSigned = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && !MAY_BE_UNSIGNED.has(name));
  const unsigned = mustBeSigned.filter((name) => !signedHeaders.includes(name));
  if (unsigned.length > 0) {
    return `There were headers present in the request which were not signed: ${unsigned.join(', ')}`;
  }
  const sorted = [...new Set(signedHeaders.map((name) => name.toLowerCase()))].sort();
  const isSorted = sorted.join(';') === signedHeaders.join(';');
  return isSorted && sorted.every((name) => Object.hasOwn(headers, name)) ? '' : WRONG_SIGNATURE;
}

/** A function URL accepts no unsigned payload: if a hash is sent, it must be the hash of the body. */
function isBodyAsAnnounced({ headers, body }: SignedRequest): boolean {
  const announced = headers['x-amz-content-sha256'];
  return announced === undefined || announced === sha256(body);
}

/**
 * A deployed function URL has no port. Some clients leave the port out of the host that they sign, and here they would
 * fail for that alone: the host is therefore tried with and without it.
 */
function isSignatureRight(request: SignedRequest, parameters: SignatureParameters, secretAccessKey: string): boolean {
  const { host = '' } = request.headers;
  return [host, host.replace(/:\d+$/, '')].some((signedHost) => {
    const asSigned = { ...request, headers: { ...request.headers, host: signedHost } };
    return isEqual(parameters.signature, computeSignature(asSigned, parameters, secretAccessKey));
  });
}

function isEqual(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
