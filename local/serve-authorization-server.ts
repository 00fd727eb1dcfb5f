// The authorization server over HTTP, on 127.0.0.1.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AuthorizationServer, type AuthorizationServerOptions, type ServerAnswer } from './authorization-server.ts';
import { listen, readBody } from './http.ts';
import type { TokenRequest } from './token-answers.ts';

const MAX_REQUEST_BYTES = 1024 * 1024;

export type ServedAuthorizationServer = AuthorizationServer & {
  readonly tokenEndpoint: string;
  /** Closes at once: open connections are cut. */
  close(): Promise<void>;
};

/** Starts an authorization server on any free port. */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<ServedAuthorizationServer> {
  const server = new AuthorizationServer(options);
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    send(await server.answer(await read(request)), response);
  }
  const { url, close } = await listen(
    createServer((request, response) => void respond(request, response).catch(() => response.destroy())),
  );
  return Object.assign(server, { tokenEndpoint: `${url}/oauth/token`, close });
}

async function read(request: IncomingMessage): Promise<TokenRequest> {
  const body = await readBody(request, MAX_REQUEST_BYTES);
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: Object.fromEntries(headers),
    params: Object.fromEntries(new URLSearchParams(body?.toString())),
  };
}

function send({ status, headers, body, destroySocket }: ServerAnswer, response: ServerResponse): void {
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
  const sent = isJson ? JSON.stringify(body) : body;
  const sentHeaders = isJson ? { ...headers, 'content-type': 'application/json' } : headers;
  if (!destroySocket) {
    response.writeHead(status, sentHeaders).end(sent);
  } else if (sent === undefined) {
    response.destroy();
  } else {
    response.writeHead(status, sentHeaders).write(sent, () => response.destroy());
  }
}
