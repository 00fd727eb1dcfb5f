// Signs a request as it is, with all of its headers. The signers of others choose and add headers, and none can sign a
// name such as `__proto__`. The official vectors show that this signature is right.

import type { SignedRequest } from '../../local/canonical-request.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../local/names.ts';
import { formatAmzDate } from '../../local/signature-parameters.ts';
import { computeSignature } from '../../local/sigv4.ts';

/** Returns the request with the header `Authorization`. */
export function signExactly(request: SignedRequest, signedAtMs: number): SignedRequest {
  const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS;
  const date = formatAmzDate(signedAtMs).slice(0, 8);
  const scope = { date, region: LOCAL_REGION, service: 'lambda', end: 'aws4_request' };
  const signedHeaders = Object.keys(request.headers).sort();
  const parameters = { scope, signedHeaders, signedAtMs, signedQuery: request.query };
  const signature = computeSignature(request, parameters, secretAccessKey);
  const authorization = [
    `AWS4-HMAC-SHA256 Credential=${[accessKeyId, ...Object.values(scope)].join('/')}`,
    `SignedHeaders=${signedHeaders.join(';')}`,
    `Signature=${signature}`,
  ].join(', ');
  return { ...request, headers: { ...request.headers, authorization } };
}
