// The deployed bundle meets a DynamoDB, a Secrets Manager or an authorization server that fails, in each way that it
// can.

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, test } from '@jest/globals';
import { listen } from '../../local/http.ts';
import type { LocalMode } from '../../local/local-mode.ts';
import { STAND_IN_CLIENT } from '../../local/names.ts';
import { sign } from '../../local/sign.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(listener: RequestListener): Promise<string> {
  const server = await listen(createServer(listener));
  open.push(server);
  return server.url;
}

async function start(environment: Record<string, string>): Promise<LocalMode & { printed: string[] }> {
  const printed: string[] = [];
  const mode = await startBundledLocalMode({ instances: 1, write: (text) => printed.push(text), environment });
  open.push(mode);
  return { ...mode, printed };
}

async function call({ url }: LocalMode) {
  const response = await fetch(`${url}/oauth/token`, await sign(`${url}/oauth/token`));
  const body: unknown = await response.json();
  return { status: response.status, source: response.headers.get('x-token-source'), body };
}

/** The lines that the function printed for one kind of event. */
function eventsOf({ printed }: { printed: readonly string[] }, event: string): Record<string, unknown>[] {
  const lines = printed.join('').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line)).filter((line) => line.event === event);
}

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.0' };

function refusal(type: string, status = 400): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(status, JSON_TYPE);
    response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'refused' }));
  };
}

async function forward(table: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const header = (name: string) => [name, String(request.headers[name])];
  const headers = Object.fromEntries(['x-amz-target', 'x-amz-date', 'authorization', 'content-type'].map(header));
  const answer = await fetch(table, { method: 'POST', headers, body: await text(request) });
  response.writeHead(answer.status, JSON_TYPE).end(await answer.text());
}

const refusing = (type: string, status?: number) => () => serve(refusal(type, status));

/** An address where no server listens any more. */
async function closedAddress(): Promise<string> {
  const server = await listen(createServer());
  await server.close();
  return server.url;
}

describe('callers are served, memory keeps the token and the log names the failure', () => {
  test.each<[string, () => Promise<string>, string]>([
    ['if DynamoDB refuses connections', closedAddress, 'ECONNREFUSED'],
    ['if DynamoDB does not answer within 500 ms', () => serve(() => {}), 'TimeoutError'],
    ['if DynamoDB denies access', refusing('AccessDeniedException'), 'AccessDeniedException'],
    ['if the table does not exist', refusing('ResourceNotFoundException'), 'ResourceNotFoundException'],
    ['if DynamoDB fails with status 500', refusing('InternalServerError', 500), 'InternalServerError'],
    ['if DynamoDB answers with HTML', () => serve((_, response) => void response.end('<html>')), 'SyntaxError'],
  ])('%s', async (_, dynamoDb, name) => {
    const mode = await start({ AWS_ENDPOINT_URL_DYNAMODB: await dynamoDb() });
    expect(await call(mode)).toMatchObject({ status: 200, source: 'mint' });
    expect(await call(mode)).toMatchObject({ status: 200, source: 'memory' });
    expect(mode.emporix?.tokens).toHaveLength(1);
    const failures = eventsOf(mode, 'table_failed');
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) expect([failure.error, failure.system_code]).toContain(name);
  });
});

test.each(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'])(
  'an instance waits for a table that throttles (%s), and then publishes the token there',
  async (type) => {
    let table = '';
    let refusals = 0;
    const throttling = await serve(async (request, response) => {
      if (refusals++ < 5) return refusal(type)(request, response);
      await forward(table, request, response);
    });
    const mode = await start({ AWS_ENDPOINT_URL_DYNAMODB: throttling });
    table = mode.dynamodb.url;
    expect(await call(mode)).toMatchObject({ status: 200, source: 'mint' });
    expect(refusals).toBeGreaterThan(5);
    const client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: table });
    const { Items } = await client.send(new ScanCommand({ TableName: mode.dynamodb.tableName }));
    client.destroy();
    const tokens = Items?.filter(({ pk }) => !pk?.S?.startsWith('CREDENTIAL#'));
    expect(tokens?.map(({ sealed }) => typeof sealed?.B)).toEqual(['object']);
  },
);

/** The environment of an instance that has the table and the secret of another one. */
const sharing = ({ dynamodb, secretsManager, emporix }: LocalMode) => ({
  AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
  SECRET_ID: secretsManager.secretId,
  TOKEN_ENDPOINT: String(emporix?.tokenEndpoint),
});

test('the first answers of DynamoDB may take 700 ms, because a connection is opened for them', async () => {
  const first = await start({});
  await call(first);
  let requests = 0;
  const slow = await serve((request, response) => {
    const delayMs = requests++ < 4 ? 700 : 0;
    setTimeout(() => void forward(first.dynamodb.url, request, response), delayMs).unref();
  });
  const second = await start({ ...sharing(first), AWS_ENDPOINT_URL_DYNAMODB: slow });
  // So the instance has read it while it started.
  expect(await call(second)).toMatchObject({ source: 'memory' });
});

test('an instance finds the token of its own token endpoint in the table, and not that of another one', async () => {
  const first = await start({});
  await call(first);
  const same = await start(sharing(first));
  expect(await call(same)).toMatchObject({ source: 'memory' });
  expect(same.emporix?.requests).toHaveLength(0);
  const { TOKEN_ENDPOINT: _, ...others } = sharing(first);
  const other = await start(others);
  expect(await call(other)).toMatchObject({ source: 'mint' });
});

describe('an instance that has read no credential yet answers with an error', () => {
  test.each<[string, () => Promise<string>, number, string, string]>([
    ['if Secrets Manager refuses connections', closedAddress, 503, 'temporarily_unavailable', 'ECONNREFUSED'],
    ['if Secrets Manager does not answer', () => serve(() => {}), 503, 'temporarily_unavailable', 'ETIMEDOUT'],
    [
      'if Secrets Manager denies access',
      refusing('AccessDeniedException'),
      500,
      'server_error',
      'AccessDeniedException',
    ],
    [
      'if the secret does not exist',
      refusing('ResourceNotFoundException'),
      500,
      'server_error',
      'ResourceNotFoundException',
    ],
  ])('%s', async (_, secretsManager, status, error, systemCode) => {
    const mode = await start({ AWS_ENDPOINT_URL_SECRETS_MANAGER: await secretsManager() });
    expect(await call(mode)).toMatchObject({ status, body: { error } });
    expect(mode.emporix?.requests).toHaveLength(0);
    expect(eventsOf(mode, 'refused')[0]?.system_code).toBe(systemCode);
  });
});

test('the log names the reason if no connection to the authorization server can be opened', async () => {
  const mode = await start({ TOKEN_ENDPOINT: `${await closedAddress()}/oauth/token` });
  expect(await call(mode)).toMatchObject({ status: 503 });
  for (const event of ['mint_failed', 'refused']) {
    expect(eventsOf(mode, event)[0]).toMatchObject({ error: 'unavailable', system_code: 'ECONNREFUSED' });
  }
});
