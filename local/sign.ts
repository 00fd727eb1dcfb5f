// Signs a request to a function URL with the AWS SDK's own signer, for the proof of local mode and for the tests.

import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from './names.ts';

export interface RequestToSign {
  /** @default 'POST' */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default '' */
  readonly body?: string | Uint8Array;
  /** @default the credentials of local mode */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** @default the region of local mode */
  readonly region?: string;
  /** @default 'lambda' */
  readonly service?: string;
  /** @default now */
  readonly signingDate?: Date;
}

export interface SignedFetch {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | null;
}

/** Returns the options to pass to `fetch(url, …)`. */
export async function sign(url: string, request: RequestToSign = {}): Promise<SignedFetch> {
  const { method = 'POST', headers = {}, body = '', signingDate = new Date() } = request;
  const { host, hostname, pathname, protocol, searchParams } = new URL(url);
  const names = [...new Set(searchParams.keys())];
  const signer = new SignatureV4({
    service: request.service ?? 'lambda',
    region: request.region ?? LOCAL_REGION,
    credentials: request.credentials ?? LOCAL_CREDENTIALS,
    sha256: Hash.bind(null, 'sha256'),
  });
  const query = Object.fromEntries(names.map((name) => [name, searchParams.getAll(name)]));
  const signed = await signer.sign(
    { method, protocol, hostname, path: pathname, query, headers: { ...headers, host }, body },
    { signingDate },
  );
  return { method, headers: signed.headers, body: method === 'GET' ? null : body };
}
