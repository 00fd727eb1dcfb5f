// Vends a token, with a request signed by the AWS SDK's own signer and the SDK's default chain of credentials.
//
//   TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ AWS_REGION=eu-central-1 npx tsx examples/vend.ts

import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';

const url = new URL('/oauth/token', process.env.TOKEN_VENDING_URL);
const signer = new SignatureV4({
  service: 'lambda',
  region: process.env.AWS_REGION ?? 'eu-central-1',
  credentials: defaultProvider(),
  sha256: Hash.bind(null, 'sha256'),
});
const request = await signer.sign({
  method: 'POST',
  protocol: url.protocol,
  hostname: url.hostname,
  path: url.pathname,
  headers: { host: url.host, 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ scope: 'product.product_read_unpublished' }).toString(),
});
const response = await fetch(url, request);
if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
const token = (await response.json()) as { access_token: string; expires_in: number; scope: string };
console.log(`a token for ${token.scope}, valid for ${token.expires_in} s, of ${token.access_token.length} characters`);
