// The floor, and one request to the token endpoint.

import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { read } from './floor.ts';

export async function handler() {
  const { client_id, client_secret } = JSON.parse(await read());
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }).toString();
  const url = new URL(process.env.TOKEN_ENDPOINT ?? '');
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': form.length };
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { method: 'POST', headers });
  request.end(form);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { statusCode: response.statusCode, body: await text(response) };
}
