// Sends one signed request again and again over one connection, each after the last one's answer, for a set time.

import { once } from 'node:events';
import { Agent, request } from 'node:http';

const MOST_REQUESTS = 100_000;

/** @type {{ url: string, headers: Record<string, string>, body: string, forMs: number }} */
const { url, headers, body, forMs } = JSON.parse(process.argv[2] ?? '');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

await send(); // starts the instance
const startedMs = performance.now();
let requests = 0;
while (requests < MOST_REQUESTS && performance.now() < startedMs + forMs) {
  await send();
  requests++;
}
process.send?.(requests / ((performance.now() - startedMs) / 1000));

async function send() {
  const sent = request(url, { method: 'POST', headers: { ...headers, 'content-length': body.length }, agent });
  sent.end(body);
  const [response] = await once(sent, 'response');
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
}
