// A simulated Emporix: its token endpoint, POST /oauth/token (RFC 6749 §4.4), with the habits of the real one. The
// scope of an answer begins with a literal `scope=` and ends with the tenant, scopes that the client lacks are left out
// without a word, and errors have the shapes of Apigee, the gateway in front of it. Tests can make it misbehave.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { answerTokenRequest, type Client, type TokenRequest } from './emporix-answers.ts';
import { listen, readBody } from './http.ts';

const MAX_REQUEST_BYTES = 1024 * 1024;

/** Scopes of Emporix's naming; what the client holds unless it is given others. */
export const SOME_SCOPES: readonly string[] = [
  'category.category_manage',
  'category.category_publish',
  'category.category_read_unpublished',
  'category.category_unpublish',
  'customer.assistedBuying_manage',
  'media.asset_manage',
  'order.order_read',
  'payment-gateway.capture_manage',
  'price.price_manage',
  'product.product_manage',
  'product.product_read_unpublished',
];

export interface EmporixOptions {
  /** @default 'emporix-client' */
  readonly clientId?: string;
  /** @default 'emporix-secret' */
  readonly clientSecret?: string;
  /** The one method taken from the client. @default both */
  readonly clientAuthentication?: Client['clientAuthentication'];
  /** What the client holds. @default SOME_SCOPES */
  readonly scopes?: readonly string[];
  /** @default 'yourtenant' */
  readonly tenant?: string;
  /** @default 14399 */
  readonly expiresInSeconds?: number;
  /** Asked at each request; what it returns is done instead of the usual answer. It may take its time. */
  readonly respondWith?: (request: ReceivedRequest) => Misbehaviour | undefined | Promise<Misbehaviour | undefined>;
  readonly nowMs?: () => number;
  readonly random?: (bytes: number) => Buffer;
}

/** Header names are in lower case; `params` is the body read as a form, whatever its content type. */
interface ReceivedRequest extends TokenRequest {
  readonly receivedAtMs: number;
}

export interface Misbehaviour {
  /** Waits first. Alone, it only makes the usual answer late. */
  readonly delayMs?: number;
  /** @default 200 */
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  /** Sent as it is. @default '' */
  readonly body?: string | Buffer;
  /** Cuts the connection: after the body if there is one, so that the answer stays unfinished; else before any answer. */
  readonly destroySocket?: boolean;
}

interface Mint {
  readonly accessToken: string;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number;
}

export interface Emporix {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Every request, in the order received. */
  readonly requests: readonly ReceivedRequest[];
  /** Every token issued, in order. */
  readonly mints: readonly Mint[];
  close(): Promise<void>;
}

export async function startEmporix(options: EmporixOptions = {}): Promise<Emporix> {
  const { respondWith, nowMs = Date.now, random = randomBytes } = options;
  const client = clientOf(options);
  const requests: ReceivedRequest[] = [];
  const mints: Mint[] = [];
  const newToken = () => random(24).toString('base64url');

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await receive(request, nowMs());
    requests.push(received);
    const misbehaviour = await respondWith?.(received);
    // A delay must not keep a closed server's process alive.
    if (misbehaviour?.delayMs) await setTimeout(misbehaviour.delayMs, undefined, { ref: false });
    if (misbehaviour && isAnswer(misbehaviour)) return misbehave(misbehaviour, response);
    const { status, headers, body, granted } = answerTokenRequest(received, client, newToken);
    if (granted && 'access_token' in body) {
      const expiresAtMs = nowMs() + client.expiresInSeconds * 1000;
      mints.push({ accessToken: String(body.access_token), scopes: granted, expiresAtMs });
    }
    response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  const { url, close } = await listen(server);
  const { clientId, clientSecret } = client;
  return { tokenEndpoint: `${url}/oauth/token`, clientId, clientSecret, requests, mints, close };
}

function clientOf(options: EmporixOptions): Client {
  return {
    clientId: options.clientId ?? 'emporix-client',
    clientSecret: options.clientSecret ?? 'emporix-secret',
    clientAuthentication: options.clientAuthentication,
    scopes: options.scopes ?? SOME_SCOPES,
    tenant: options.tenant ?? 'yourtenant',
    expiresInSeconds: options.expiresInSeconds ?? 14_399,
  };
}

async function receive(request: IncomingMessage, receivedAtMs: number): Promise<ReceivedRequest> {
  const body = await readBody(request, MAX_REQUEST_BYTES);
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: Object.fromEntries(headers),
    params: Object.fromEntries(new URLSearchParams(body?.toString())),
    receivedAtMs,
  };
}

function isAnswer({ status, headers, body, destroySocket }: Misbehaviour): boolean {
  return Boolean(status || headers || destroySocket) || body !== undefined;
}

function misbehave({ status = 200, headers, body, destroySocket }: Misbehaviour, response: ServerResponse): void {
  if (!destroySocket) {
    response.writeHead(status, headers).end(body);
  } else if (body === undefined) {
    response.destroy();
  } else {
    response.writeHead(status, headers).write(body, () => response.destroy());
  }
}
