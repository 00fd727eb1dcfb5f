// Signs a request with SigV4, by the AWS SDK's own signer. It is loaded with the first request.

import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentials } from './options.ts';

export interface ToSign {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Returns the headers of the signed request, without `host`, which `fetch` sets itself. */
export async function sign(
  { url, headers, body }: ToSign,
  region: string,
  credentials: AwsCredentials,
  signingDate: Date,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({ service: 'lambda', region, credentials, sha256: Hash.bind(null, 'sha256') });
  const { protocol, hostname, host, pathname: path } = url;
  const request = { method: 'POST', protocol, hostname, path, headers: { ...headers, host }, body };
  const signed = await signer.sign(request, { signingDate });
  const { host: _, ...sent } = signed.headers;
  return sent;
}
