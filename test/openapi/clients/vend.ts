// Asks for a token of the scopes in its argument with the client that openapi-typescript and openapi-fetch make of
// docs/openapi.json, and prints one line. It compiles only while the client knows which errors each status has.

import { AwsClient } from 'aws4fetch';
import createClient from 'openapi-fetch';
import type { paths } from '#openapi';

type Responses = paths['/oauth/token']['post']['responses'];
/** What a status of `POST /oauth/token` may have as its body. */
type Body<Status extends keyof Responses> = {
  [One in Status]: Responses[One]['content'][keyof Responses[One]['content']];
}[Status];
type Code<Status extends keyof Responses> = Extract<Body<Status>, { error: string }>['error'];

const { TOKEN_VENDING_URL: baseUrl = '', AWS_REGION: region = '' } = process.env;
const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;
const aws = new AwsClient({ accessKeyId, secretAccessKey, region, service: 'lambda', retries: 0 });
const client = createClient<paths>({ baseUrl, fetch: (request) => aws.fetch(request) });

/** One code of each of these statuses, which the client knows. */
export const CODES = {
  400: 'invalid_scope',
  // @ts-expect-error: this is a code of the status 429
  500: 'slow_down',
  503: 'temporarily_unavailable',
} satisfies { readonly [Status in 400 | 500 | 503]: Code<Status> };

/** A line for each error. A code that is missing here is a type error, and so is one too many. */
function describe(status: number, error: Body<Exclude<keyof Responses, 200>>): string {
  if (status === 403) return 'Lambda refuses';
  if (typeof error === 'string' || !('error' in error)) return "try later: Lambda's own answer";
  switch (error.error) {
    case 'invalid_request':
    case 'unsupported_grant_type':
    case 'invalid_scope':
    case 'invalid_target':
      return `the caller must act: ${error.error}`;
    case 'server_error':
      return `the operator must act: ${error.error}`;
    case 'slow_down':
    case 'temporarily_unavailable':
      return `try later: ${error.error}`;
    // @ts-expect-error: no status has this code
    case 'invalid_client':
      return '';
  }
}

async function vended({ token_type, scope }: Body<200>): Promise<string> {
  const { data: metadata } = await client.GET('/.well-known/oauth-authorization-server');
  const responseTypes: readonly string[] | undefined = metadata?.response_types_supported;
  return `vended: ${token_type}, ${scope}; ${responseTypes?.length} response types`;
}

const { data, error, response } = await client.POST('/oauth/token', {
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: { scope: process.argv[2] ?? '' },
});
console.log(data ? await vended(data) : describe(response.status, error));
