// The audit record: the line that the deployed bundle prints for each vend and each refusal. It is called over HTTP,
// with a real signature.

import { createHash } from 'node:crypto';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { callerOf, principalOf } from '../../lambda/vend/http/caller.ts';
import type { LocalMode } from '../../local/local-mode.ts';
import { LOCAL_ACCOUNT, LOCAL_CREDENTIALS, STAND_IN_CLIENT } from '../../local/names.ts';
import { sign } from '../../local/sign.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';

const SCOPES = ['order.order_read', 'price.price_manage'];

let mode: LocalMode;
let printed: string[];

/** With a credential that has these scopes. */
const start = (scopes: readonly string[]) =>
  startBundledLocalMode({
    profileName: 'catalog-reader',
    profile: { clientAuthentication: 'client_secret_post', scopes: SCOPES },
    emporix: { scopes },
    instances: 1,
    write: (text) => printed.push(text),
  });

beforeEach(async () => {
  printed = [];
  mode = await start(SCOPES);
});
afterEach(() => mode.close());

async function send(body: string, path = '/oauth/token', method = 'POST') {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const url = `${mode.url}${path}`;
  const response = await fetch(url, await sign(url, { method, headers, ...(method === 'POST' && { body }) }));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The audit lines: those of the events `vended` and `refused`. */
const lines = () =>
  printed
    .join('')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === 'vended' || event === 'refused');

/** The fields that every audit line of these tests has. */
const COMMON_FIELDS = {
  Profile: 'catalog-reader',
  request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  time: expect.stringMatching(/^20.+Z$/),
  caller_arn: `arn:aws:iam::${LOCAL_ACCOUNT}:user/local`,
  caller_account: LOCAL_ACCOUNT,
};

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);

test('each vend is one line that names the caller, the token, its scopes, its source and its remaining lifetime', async () => {
  const first = await send(`scope=${SCOPES.toReversed().join('%20')}`);
  const second = await send('scope=order.order_read');
  const third = await send('');
  const fourth = await send('');
  expect([first, second, third, fourth].map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const prefix = ({ body }: typeof first) => hash(String(body.access_token));
  const vended = {
    ...COMMON_FIELDS,
    event: 'vended',
    level: 'info',
    credential_version: expect.stringMatching(/.{32,}/),
  };
  const all = SCOPES.join(' ');
  expect(lines()).toEqual([
    expect.objectContaining({ ...vended, scopes_asked: all, Source: 'mint' }),
    expect.objectContaining({ ...vended, scopes_asked: SCOPES[0], Source: 'mint' }),
    expect.objectContaining({ ...vended, scopes_given: all, scopes_given_sha256_prefix: hash(all), Source: 'mint' }),
    expect.objectContaining({ ...vended, scopes_given_sha256_prefix: hash(all), Source: 'memory' }),
  ]);
  expect(lines().map(({ scopes_asked }) => scopes_asked)).toEqual([all, SCOPES[0], undefined, undefined]);
  expect(lines().map(({ token_sha256_prefix }) => token_sha256_prefix)).toEqual(
    [first, second, third, fourth].map(prefix),
  );
  expect(lines().map(({ expires_in_seconds }) => expires_in_seconds)).toEqual(
    [first, second, third, fourth].map(({ body }) => body.expires_in),
  );
});

test('no line repeats a list of scopes, and the lines together tell what each caller was given', async () => {
  const answers = [await send(''), await send(''), await send('scope=order.order_read'), await send('')];
  // A token that an API has rejected is replaced.
  const rejected = createHash('sha256').update(String(answers[0]?.body.access_token)).digest('hex');
  answers.push(await send(`rejected_token_sha256=${rejected}`), await send(''));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);

  const all = SCOPES.join(' ');
  expect(lines().map(({ scopes_given }) => scopes_given)).toEqual([
    all,
    undefined,
    undefined,
    undefined,
    all,
    undefined,
  ]);
  const isListed = ({ scopes_given }: Record<string, unknown>) => scopes_given !== undefined;
  const lists = new Map(
    lines()
      .filter(isListed)
      .map((line) => [line.scopes_given_sha256_prefix, line.scopes_given]),
  );
  const given = lines().map(
    (line) => lists.get(line.scopes_given_sha256_prefix) ?? line.scopes_given ?? line.scopes_asked,
  );
  expect(given).toEqual(answers.map((answer) => answer.body.scope));
});

test('each vend names the item of its token, so that an operator can purge it', async () => {
  for (const scope of SCOPES) await send(`scope=${scope}`);
  await send(`scope=${SCOPES[0]}`);
  const client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: mode.dynamodb.url });
  const { Items = [] } = await client.send(new ScanCommand({ TableName: mode.dynamodb.tableName }));
  client.destroy();
  const keys = Items.map(({ pk }) => String(pk?.S)).filter((key) => !key.startsWith('CREDENTIAL#'));
  expect(keys).toHaveLength(2);
  const named = lines().map(({ Profile, item }) => keys.filter((key) => key.startsWith(`${Profile}#${item}`)));
  expect(named).toEqual([[expect.anything()], [expect.anything()], named[0]]);
  expect(named[0]).not.toEqual(named[1]);
  for (const { item } of lines()) expect(item).toMatch(/^[\w-]{8}$/);
});

test('each refusal is one line, with the requested scopes if they could be read', async () => {
  const refusals = [
    await send('scope=order.order_read+order.order_delete'),
    await send('scope=%22'),
    await send('client_secret=x'),
    await send('', '/elsewhere'),
    await send('', '/oauth/token', 'DELETE'),
  ];
  const error = { ...COMMON_FIELDS, event: 'refused', level: 'warn' };
  expect(lines()).toEqual([
    expect.objectContaining({
      ...error,
      status: 400,
      error: 'invalid_scope',
      scopes_asked: 'order.order_delete order.order_read',
      description: expect.stringContaining('order.order_delete'),
    }),
    expect.objectContaining({ ...error, status: 400, error: 'invalid_scope' }),
    expect.objectContaining({ ...error, status: 400, error: 'invalid_request' }),
    expect.objectContaining({ ...error, status: 404, error: 'not_found' }),
    expect.objectContaining({ ...error, status: 405, error: 'method_not_allowed' }),
  ]);
  expect(lines().map(({ request_id }) => request_id)).toEqual(refusals.map(({ body }) => body.request_id));
  expect(
    lines()
      .slice(1)
      .filter((line) => 'scopes_asked' in line),
  ).toEqual([]);
});

test('a 500 is counted as Misconfigured, by which a deployment is rolled back; a 400 is not', async () => {
  await send('client_secret=x');
  await mode.close();
  mode = await start(['media.asset_manage']);
  expect((await send('')).status).toBe(500);
  const counted = lines().map(({ status, Misconfigured }) => [status, Misconfigured]);
  expect(counted).toEqual([
    [400, undefined],
    [500, 1],
  ]);
});

test('no line holds a token or the access key of a caller, and the metadata document makes no audit line', async () => {
  await send('', '/.well-known/oauth-authorization-server', 'GET');
  expect(lines()).toEqual([]);
  const { body } = await send('');
  expect(printed.join('')).not.toContain(String(body.access_token));
  expect(printed.join('')).not.toContain(`"${LOCAL_CREDENTIALS.accessKeyId}"`);
});

describe('the caller', () => {
  const iam = {
    accessKey: 'ASIAEXAMPLE',
    accountId: '111122223333',
    callerId: 'AROAEXAMPLE:session',
    principalOrgId: 'o-a1b2c3d4e5',
    userArn: 'arn:aws:sts::111122223333:assumed-role/orders/session',
    userId: 'AROAEXAMPLE:session',
  };
  const caller = { callerArn: iam.userArn, callerAccount: iam.accountId, organization: iam.principalOrgId };
  test.each<[string, unknown, object]>([
    ['is the one that Lambda’s authorizer names', { authorizer: { iam } }, caller],
    [
      'may be in no organization',
      { authorizer: { iam: { ...iam, principalOrgId: null } } },
      { ...caller, organization: undefined },
    ],
    ['may have empty parts', { authorizer: { iam: { ...iam, userArn: '' } } }, { ...caller, callerArn: undefined }],
    ['is nobody without a request context', undefined, {}],
    ['is nobody without an authorizer', { authorizer: null }, {}],
    ['is nobody with an authorizer of another kind', { authorizer: { jwt: { claims: {} } } }, {}],
    [
      'is nobody if its parts are not text',
      { authorizer: { iam: { userArn: {}, accountId: 1, principalOrgId: [] } } },
      {},
    ],
  ])('%s', (_, requestContext, expected) => {
    expect(callerOf(requestContext)).toEqual(expected);
  });
});

describe('the principal behind a caller', () => {
  test.each([
    [
      'of a session is its role',
      'arn:aws:sts::111122223333:assumed-role/orders/s-1',
      'arn:aws:sts::111122223333:assumed-role/orders',
    ],
    [
      'of a session in another partition is its role',
      'arn:aws-cn:sts::111122223333:assumed-role/a/b/c',
      'arn:aws-cn:sts::111122223333:assumed-role/a',
    ],
    ['of a user is the user', 'arn:aws:iam::111122223333:user/team/ci', 'arn:aws:iam::111122223333:user/team/ci'],
    [
      'of a federated user is that user',
      'arn:aws:sts::111122223333:federated-user/ci',
      'arn:aws:sts::111122223333:federated-user/ci',
    ],
    ['of nobody is not known', undefined, undefined],
  ])('%s', (_, callerArn, principal) => {
    expect(principalOf({ callerArn })).toBe(principal);
  });
});
