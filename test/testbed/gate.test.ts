// The gate in front of a server: what is connected is cut when it shuts, and it opens again on the same port.

import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { listen } from '../../local/http.ts';
import { Gate } from '../../testbed/gate.ts';

test('a gate passes requests on, refuses connections while it is shut, and opens again on the same port', async () => {
  const server = await listen(createServer((_, response) => response.end('here')));
  const gate = new Gate(Number(new URL(server.url).port));
  await gate.open();
  const url = `http://127.0.0.1:${gate.port}`;
  expect(await (await fetch(url)).text()).toBe('here');
  await gate.shut();
  await expect(fetch(url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  await gate.open();
  expect(gate.port).toBe(Number(new URL(url).port));
  expect(await (await fetch(url)).text()).toBe('here');
  await gate.shut();
  await server.close();
});
