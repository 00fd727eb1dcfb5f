// Calls a profile with fetch. aws4fetch signs.
//
//   TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ AWS_REGION=eu-central-1 \
//     node with-aws4fetch.mjs form 'SCOPE SCOPE'

import { AwsClient } from 'aws4fetch';

const { TOKEN_VENDING_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
const aws = new AwsClient({
  service: 'lambda',
  region: AWS_REGION,
  accessKeyId: AWS_ACCESS_KEY_ID,
  secretAccessKey: AWS_SECRET_ACCESS_KEY,
  sessionToken: AWS_SESSION_TOKEN,
});
const [kind, scope] = process.argv.slice(2);
const tokenEndpoint = new URL('/oauth/token', TOKEN_VENDING_URL);
const response = await {
  // aws4fetch can't sign a body that is a URLSearchParams, and without its text fetch doesn't set the media type.
  form: () =>
    aws.fetch(tokenEndpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ scope }).toString(),
    }),
  json: () =>
    aws.fetch(tokenEndpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ scope }),
    }),
  metadata: () => aws.fetch(new URL('/.well-known/oauth-authorization-server', TOKEN_VENDING_URL)),
}[kind]();
if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
console.log(await response.text());
