import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../lambda/clock.ts';
import { Credential } from '../../../lambda/oauth/credential.ts';
import { Scopes } from '../../../lambda/oauth/scopes.ts';
import { TOKEN_ENDPOINT_LIMITS, TokenEndpoint, type TokenEndpointProps } from '../../../lambda/oauth/token-endpoint.ts';
import type { AuthorizationServerOptions, Misbehaviour } from '../../../local/authorization-server.ts';
import { listen } from '../../../local/http.ts';
import { type ServedAuthorizationServer, startAuthorizationServer } from '../../../local/serve-authorization-server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const credential = new Credential('emporix-client', 'emporix-secret', 'v1');
/** The limits are short, so that no test waits long: sockets need a real clock. */
const LIMITS = { connectTimeoutMs: 300, requestTimeoutMs: 400, bodyBytes: 1024 * 1024, retryAfterMs: 2_000 };

async function emporix(options: AuthorizationServerOptions = {}): Promise<ServedAuthorizationServer> {
  const server = await startAuthorizationServer(options);
  open.push(server);
  return server;
}

function endpoint(url: string, props: Partial<TokenEndpointProps> = {}): TokenEndpoint {
  return new TokenEndpoint({
    url,
    clientAuthentication: 'client_secret_post',
    // Pauses are skipped.
    clock: { ...systemClock, sleep: async () => {} },
    random: () => 0.5,
    limits: LIMITS,
    ...props,
  });
}

function mint(tokenEndpoint: TokenEndpoint, scopes = '', withinMs = 8_000) {
  return tokenEndpoint.mint(credential, Scopes.parse(scopes), Date.now() + withinMs);
}

/** A server that misbehaves once for each item of the list, and then answers correctly. */
function misbehaving(...misbehaviours: Misbehaviour[]) {
  return emporix({ respondWith: () => misbehaviours.shift() });
}

describe('the request', () => {
  test('is the form of the tutorial', async () => {
    const server = await emporix();
    await mint(endpoint(server.tokenEndpoint), 'category.category_publish category.category_manage');
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/oauth/token',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': `token-vending/${JSON.parse(readFileSync('package.json', 'utf8')).version}`,
      },
      params: {
        grant_type: 'client_credentials',
        client_id: 'emporix-client',
        client_secret: 'emporix-secret',
        scope: 'category.category_manage category.category_publish',
      },
    });
  });

  test('has no scope parameter if no scope is requested', async () => {
    const server = await emporix();
    await mint(endpoint(server.tokenEndpoint));
    expect(server.requests[0]?.params).not.toHaveProperty('scope');
  });

  test('carries the extra parameters', async () => {
    const server = await emporix();
    await mint(endpoint(server.tokenEndpoint, { parameters: { audience: 'https://api.example/?a=b&c' } }));
    expect(server.requests[0]?.params.audience).toBe('https://api.example/?a=b&c');
  });

  test('with client_secret_basic form-encodes both halves and sends no secret in the body (RFC 6749 section 2.3.1)', async () => {
    const special = new Credential('cli:ent é', 's+c r/et%', 'v1');
    const server = await emporix({ clientId: 'cli:ent é', clientSecret: 's+c r/et%' });
    const tokenEndpoint = endpoint(server.tokenEndpoint, { clientAuthentication: 'client_secret_basic' });
    await tokenEndpoint.mint(special, undefined, Date.now() + 8_000);
    const [request] = server.requests;
    expect(request?.params).toEqual({ grant_type: 'client_credentials' });
    const basic = Buffer.from(String(request?.headers.authorization).slice('Basic '.length), 'base64').toString();
    expect(basic).toBe('cli%3Aent+%C3%A9:s%2Bc+r%2Fet%25');
  });

  test('keeps the query of a token endpoint (RFC 6749 section 3.2)', async () => {
    const server = await emporix();
    await mint(endpoint(`${server.tokenEndpoint}?tenant=a%20b`)).catch(() => undefined);
    expect(server.requests[0]?.path).toBe('/oauth/token?tenant=a%20b');
  });

  describe('uses a connection again', () => {
    /** A server that answers only the first request of each connection, once it is told that connections are dead. */
    async function startServer() {
      const connections = new Set<Socket>();
      const dead = new Set<Socket>();
      const server = createServer((request, response) => {
        connections.add(request.socket);
        request.resume();
        if (!dead.has(request.socket)) response.end('{"access_token":"t","token_type":"bearer","expires_in":60}');
      });
      const { url, close } = await listen(server);
      open.push({ close });
      const dropAll = () => {
        for (const socket of connections) dead.add(socket);
      };
      return { url: `${url}/token`, connections, dropAll };
    }

    test.each([
      ['a second after its last use', 1_000, 1],
      ['but not later, because a gateway may have dropped it without a word', 1_001, 3],
      ['but not after hours of standing still', 7_200_000, 3],
      ['but not after the clock was set back', -3_600_000, 3],
    ])('%s', async (_, idleMs, expected) => {
      let nowMs = Date.now();
      const clock = { ...systemClock, nowMs: () => nowMs };
      const { url, connections, dropAll } = await startServer();
      const tokenEndpoint = endpoint(url, { clock });
      for (let round = 0; round < 3; round++) {
        await tokenEndpoint.mint(credential, undefined, nowMs + 8_000);
        await setImmediate(); // undici frees the connection a moment after the body's end
        nowMs += idleMs;
        if (expected > 1) dropAll();
      }
      expect(connections.size).toBe(expected);
    });

    test('while other requests of the same client are running', async () => {
      let nowMs = Date.now();
      const clock = { ...systemClock, nowMs: () => nowMs };
      const gate = new EventEmitter();
      const arrived = once(gate, 'arrived');
      const respondWith = () => {
        if (server.requests.length > 1) return undefined;
        gate.emit('arrived');
        return once(gate, 'opened').then(() => undefined);
      };
      const server = await emporix({ respondWith });
      const tokenEndpoint = endpoint(server.tokenEndpoint, { clock });
      const first = tokenEndpoint.mint(credential, undefined, nowMs + 8_000);
      await arrived;
      nowMs += 2_000;
      await tokenEndpoint.mint(credential, undefined, nowMs + 8_000);
      gate.emit('opened');
      expect((await first).token.accessToken).toBe(server.tokens[1]?.accessToken);
    });
  });
});

test('a rehearsal sends nothing to the server, and a mint follows as without it', async () => {
  const server = await emporix();
  const tokenEndpoint = endpoint(server.tokenEndpoint);
  await tokenEndpoint.rehearse();
  expect(server.requests).toHaveLength(0);
  await mint(tokenEndpoint);
  expect(server.requests).toHaveLength(1);
});

describe('one retry is made', () => {
  test.each<[string, Misbehaviour]>([
    ['after a connection that is cut', { destroySocket: true }],
    ['after an answer that breaks off', { body: '{"access_token":"tr', destroySocket: true }],
    ['after a 429', { status: 429 }],
    ['after a 429 with a short Retry-After', { status: 429, headers: { 'retry-after': '0' } }],
    ['after a 408', { status: 408 }],
    ['after a 421', { status: 421 }],
    ['after a 425', { status: 425 }],
    ['after a 500', { status: 500 }],
    ['after a 503 with HTML', { status: 503, headers: { 'content-type': 'text/html' }, body: '<html>' }],
  ])('%s', async (_, misbehaviour) => {
    const server = await misbehaving(misbehaviour);
    const { token } = await mint(endpoint(server.tokenEndpoint));
    expect(token.accessToken).toBe(server.tokens[0]?.accessToken);
    expect(server.requests).toHaveLength(2);
  });

  test.each([
    [408, 2],
    [421, 2],
    [425, 1],
    [503, 1],
  ])('after a %d, and the two requests use %d connections', async (status, expected) => {
    const connections = new Set<Socket>();
    const answers = [status, 200];
    const server = createServer((request, response) => {
      connections.add(request.socket);
      request.resume();
      response.statusCode = answers.shift() ?? 404;
      response.end('{"access_token":"t","expires_in":60}');
    });
    const { url, close } = await listen(server);
    open.push({ close });
    // undici frees the connection a moment after the body's end.
    const clock = { ...systemClock, sleep: () => setImmediate() };
    expect((await mint(endpoint(`${url}/token`, { clock }))).token.accessToken).toBe('t');
    expect([answers.length, connections.size]).toEqual([0, expected]);
  });

  test('but no second one', async () => {
    const server = await emporix({ respondWith: () => ({ status: 503 }) });
    await expect(mint(endpoint(server.tokenEndpoint))).rejects.toMatchObject({ code: 'unavailable' });
    expect(server.requests).toHaveLength(2);
  });

  test('and honours Retry-After', async () => {
    const sleeps: number[] = [];
    const clock = { ...systemClock, sleep: async (durationMs: number) => void sleeps.push(durationMs) };
    const server = await misbehaving({ status: 429, headers: { 'retry-after': '2' } });
    await mint(endpoint(server.tokenEndpoint, { clock }));
    expect(sleeps).toEqual([2_000]);
  });

  test.each<[string, Misbehaviour, number]>([
    ['if the server asks for more time than a mint has', { status: 429, headers: { 'retry-after': '3' } }, 8_000],
    ['if the deadline leaves no time', { status: 503 }, 250],
    ['after a refusal of the scopes', { status: 400, body: '{"error":"invalid_scope"}' }, 8_000],
    ['after a 404', { status: 404 }, 8_000],
    ['after a redirect', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }, 8_000],
    ['after a time-out', { delayMs: 1_000, status: 200 }, 8_000],
  ])('but not %s', async (_, misbehaviour, withinMs) => {
    const server = await misbehaving(misbehaviour);
    await expect(mint(endpoint(server.tokenEndpoint), 'a', withinMs)).rejects.toMatchObject({ name: 'VendingError' });
    expect(server.requests).toHaveLength(1);
  });
});

test('the limits are those that are documented', () => {
  expect(TOKEN_ENDPOINT_LIMITS).toEqual({
    connectTimeoutMs: 2_000,
    requestTimeoutMs: 5_000,
    bodyBytes: 1_048_576,
    retryAfterMs: 2_000,
  });
});

test('an attempt to connect ends after its own time-out, and is made once more', async () => {
  // The server accepts the TCP connection and never answers in TLS.
  const sockets: Socket[] = [];
  const mute = createTcpServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as AddressInfo;
  try {
    const limits = { ...LIMITS, requestTimeoutMs: 5_000 };
    const tokenEndpoint = endpoint(`https://127.0.0.1:${port}/`, { limits });
    await expect(mint(tokenEndpoint)).rejects.toMatchObject({ code: 'unavailable' });
    expect(sockets).toHaveLength(2);
  } finally {
    for (const socket of sockets) socket.destroy();
    mute.close();
  }
});

describe('the limits hold:', () => {
  const padded = (bytes: number) => {
    const body = JSON.stringify({ access_token: 't', token_type: 'Bearer', expires_in: 60, padding: '' });
    return body.replace('"padding":""', `"padding":"${'x'.repeat(bytes - body.length)}"`);
  };

  test('a body of 1 MiB is read', async () => {
    const server = await emporix({ respondWith: () => ({ body: padded(1024 * 1024) }) });
    expect((await mint(endpoint(server.tokenEndpoint))).token.accessToken).toBe('t');
  });

  test.each([
    ['announced in its headers', { 'content-length': 1024 * 1024 + 1 }],
    ['sent in chunks', {}],
  ])('a longer body is refused if it is %s', async (_, headers) => {
    const server = await emporix({ respondWith: () => ({ headers, body: padded(1024 * 1024 + 1) }) });
    await expect(mint(endpoint(server.tokenEndpoint))).rejects.toMatchObject({
      code: 'unusable_answer',
      message: "the authorization server's answer is too large",
    });
  });

  const tooLong = Buffer.alloc(10 * 1024 * 1024, 'x');
  test.each<[string, string, Buffer]>([
    // A gzip body may have several members (RFC 1952 §2.2).
    ['300 MiB', 'gzip', Buffer.concat(Array.from({ length: 30 }, () => gzipSync(tooLong)))],
    ['10 MiB', 'deflate', deflateSync(tooLong)],
    ['10 MiB', 'br', brotliCompressSync(tooLong)],
    ['10 MiB', 'gzip, gzip', gzipSync(gzipSync(tooLong))],
  ])('%s that are compressed with %s to less than 1 MiB are refused', async (_, coding, body) => {
    expect(body.length).toBeLessThan(1024 * 1024);
    const server = await emporix({ respondWith: () => ({ headers: { 'content-encoding': coding }, body }) });
    await expect(mint(endpoint(server.tokenEndpoint, { limits: TOKEN_ENDPOINT_LIMITS }))).rejects.toMatchObject({
      code: 'unusable_answer',
      message: "the authorization server's answer is too large",
    });
  });

  test.each([
    [401, 'credential_refused'],
    [429, 'throttled'],
    [503, 'unavailable'],
  ])('the status of an answer that is too large still counts: %d', async (status, code) => {
    const server = await emporix({ respondWith: () => ({ status, body: padded(1024 * 1024 + 1) }) });
    await expect(mint(endpoint(server.tokenEndpoint))).rejects.toMatchObject({ code });
  });

  test('a server that never answers counts as timed out', async () => {
    const server = await emporix({ respondWith: () => new Promise(() => {}) });
    await expect(mint(endpoint(server.tokenEndpoint))).rejects.toMatchObject({ code: 'timed_out' });
  });

  test('a body that never ends counts as timed out', async () => {
    const server = createServer((_, response) => void response.write('{"access_token":'));
    const { url, close } = await listen(server);
    open.push({ close });
    await expect(mint(endpoint(url))).rejects.toMatchObject({ code: 'timed_out' });
  });

  test('a server that does not run counts as unavailable', async () => {
    const { url, close } = await listen(createServer());
    await close();
    await expect(mint(endpoint(url))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('an answer is decoded that is', () => {
  const codings: [string, string, (bytes: Buffer) => Buffer][] = [
    ['gzip', 'gzip', gzipSync],
    ['gzip under its old name', 'x-gzip', gzipSync],
    ['gzip in upper case', 'GZIP', gzipSync],
    ['deflate', 'deflate', deflateSync],
    ['deflate without the header of zlib', 'deflate', deflateRawSync],
    ['br', 'br', brotliCompressSync],
    ['first gzip, then br', 'gzip, br', (bytes) => brotliCompressSync(gzipSync(bytes))],
    ['identity', 'identity', (bytes) => bytes],
    ['plain, with a charset as its coding', 'UTF-8', (bytes) => bytes],
    ['plain, with no coding that exists', 'none', (bytes) => bytes],
    ['gzip and a charset', 'utf-8, gzip', gzipSync],
  ];

  test.each(codings)('%s', async (_, coding, encode) => {
    const headers = { 'content-encoding': coding };
    const bodies = [
      { body: encode(Buffer.from('{"access_token":"t","expires_in":60}')), headers },
      { body: encode(Buffer.from('{"error":"invalid_client"}')), headers, status: 400 },
    ];
    const server = await misbehaving(...bodies);
    const tokenEndpoint = endpoint(server.tokenEndpoint);
    expect((await mint(tokenEndpoint)).token.accessToken).toBe('t');
    await expect(mint(tokenEndpoint)).rejects.toMatchObject({ code: 'credential_refused' });
  });

  test.each<[string, string, Buffer, string]>([
    ['an unknown coding', 'zstd', Buffer.from('canary'), 'has an unknown content coding'],
    ['an unknown coding within gzip', 'zstd, gzip', gzipSync('canary'), 'has an unknown content coding'],
    [
      'another coding than it names',
      'gzip',
      Buffer.from('{"access_token":"canary"}'),
      'does not have the content coding',
    ],
    ['a coding that breaks off', 'gzip', gzipSync('{"access_token":"canary"}').subarray(0, 20), 'does not have the'],
    ['three codings', 'gzip, gzip, gzip', Buffer.from('canary'), 'is encoded too often'],
  ])('but not with %s', async (_, coding, body, problem) => {
    const server = await emporix({ respondWith: () => ({ headers: { 'content-encoding': coding }, body }) });
    const failure = await mint(endpoint(server.tokenEndpoint)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unusable_answer', message: expect.stringContaining(problem) });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('canary');
  });

  test.each([
    ['a form', 'access_token=t&token_type=bearer&expires_in=60&scope=a%20b', 't'],
    ['JSON after a byte order mark', '\uFEFF{"access_token":"t","expires_in":"60"}', 't'],
  ])('%s', async (_, body, accessToken) => {
    const server = await emporix({ respondWith: () => ({ body }) });
    expect((await mint(endpoint(server.tokenEndpoint), 'a b')).token.accessToken).toBe(accessToken);
  });
});

describe('of an answer without a token,', () => {
  test.each<[string, number, string, Record<string, string | number>]>([
    ['an invalid_client with status 401', 401, '{"error":"invalid_client"}', { code: 'credential_refused' }],
    ['an invalid_client with status 400', 400, '{"error":"invalid_client"}', { code: 'credential_refused' }],
    ["Apigee's older error", 401, '{"ErrorCode":"invalid_client","Error":"canary"}', { code: 'credential_refused' }],
    [
      "Apigee's fault for an API key",
      401,
      '{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}',
      { code: 'credential_refused' },
    ],
    [
      "Apigee's fault for a client",
      401,
      '{"fault":{"faultstring":"canary","detail":{"errorcode":"oauth.v2.InvalidClientIdentifier"}}}',
      { code: 'credential_refused' },
    ],
    [
      "Emporix's own error",
      401,
      '{"code":401,"status":"Unauthorized","message":"canary"}',
      { code: 'credential_refused' },
    ],
    ['HTML from a proxy', 401, '<html>canary</html>', { code: 'credential_refused' }],
    ['an empty body', 401, '', { code: 'credential_refused' }],
    ['HTML with another status', 403, '<html>canary</html>', { code: 'unusable_answer' }],
    ['an invalid_scope', 400, '{"error":"invalid_scope","error_description":"canary"}', { code: 'invalid_scope' }],
    [
      'an unauthorized_client',
      400,
      '{"error":"unauthorized_client","error_description":"canary"}',
      {
        code: 'unusable_answer',
        message: 'the authorization server answered with status 400 and error unauthorized_client',
      },
    ],
    ['an unknown code', 400, '{"error":"canary"}', { message: 'the authorization server answered with status 400' }],
    ['a redirect', 307, '', { code: 'unusable_answer' }],
    ['JSON null', 400, 'null', { code: 'unusable_answer' }],
    ['a 200 without JSON', 200, '<html>canary</html>', { code: 'unusable_answer' }],
    ['a 200 without a token', 200, '{"token_type":"Bearer"}', { code: 'unusable_answer' }],
  ])('the meaning is read from %s', async (_, status, body, expected) => {
    const server = await emporix({ respondWith: () => ({ status, body }) });
    const failure = await mint(endpoint(server.tokenEndpoint)).catch((error: unknown) => error);
    expect(failure).toMatchObject(expected);
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toMatch(/canary|emporix-secret/);
  });

  test.each<[string, Misbehaviour['headers'], number | undefined]>([
    ['a number of seconds', { 'retry-after': '120' }, 120],
    ['repeated, of which the first counts', { 'retry-after': ['120', '5'] }, 120],
    ['left out', {}, undefined],
  ])('the wait is read from a Retry-After that is %s', async (_, headers = {}, seconds) => {
    const server = await emporix({ respondWith: () => ({ status: 429, headers }) });
    const failure = await mint(endpoint(server.tokenEndpoint)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'throttled', retryAfterSeconds: seconds });
  });

  test('the wait until the date of a Retry-After counts from the time of reading', async () => {
    const dateMs = Math.ceil(Date.now() / 1000) * 1000 + 3_600_000;
    const headers = { 'retry-after': new Date(dateMs).toUTCString() };
    const server = await emporix({ respondWith: () => ({ status: 429, headers }) });
    const secondsTo = () => Math.ceil((dateMs - Date.now()) / 1000);
    const maxSeconds = secondsTo();
    const failure = await mint(endpoint(server.tokenEndpoint)).catch((error: unknown) => error);
    const { retryAfterSeconds } = failure as { retryAfterSeconds: number };
    expect(retryAfterSeconds).toBeLessThanOrEqual(maxSeconds);
    expect(retryAfterSeconds).toBeGreaterThanOrEqual(secondsTo());
  });
});
