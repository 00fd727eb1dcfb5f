// The clients that are generated from the document know the type of each answer, and get each answer of local mode.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import document from '../../docs/openapi.json' with { type: 'json' };
import { startFunctionUrl } from '../../local/function-url.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../local/names.ts';
import type { Suite } from '../../testbed/suite.ts';
import { buildClient, CLIENTS, type Endpoint } from './clients.ts';

/** A function URL whose function dies. @param instances 0: it answers as if the concurrency limit were reached */
async function startDying(codeDirectory: string, instances: number): Promise<Endpoint> {
  await writeFile(join(codeDirectory, 'index.mjs'), 'export const handler = async () => process.exit(1);');
  const { url } = await startFunctionUrl({ codeDirectory, instances, write: () => {} });
  return { url, region: LOCAL_REGION, ...LOCAL_CREDENTIALS };
}

/** What a program must print. */
async function answers(mode: Endpoint, directory: string) {
  const wrongKey = { ...mode, secretAccessKey: 'wrong' };
  const dying = await startDying(directory, 1);
  const busy = await startDying(directory, 0);
  const vended = 'vended: Bearer, order.order_read; 0 response types';
  return [
    { endpoint: mode, scope: 'order.order_read', printed: vended },
    { endpoint: mode, scope: 'category.category_manage', printed: 'the caller must act: invalid_scope' },
    { endpoint: mode, scope: 'price.price_manage', printed: 'try later: temporarily_unavailable' },
    { endpoint: mode, scope: 'product.product_manage', printed: 'the operator must act: server_error' },
    { endpoint: mode, scope: 'media.asset_manage', printed: 'the operator must act: server_error' },
    { endpoint: wrongKey, scope: 'order.order_read', printed: 'Lambda refuses' },
    { endpoint: dying, scope: 'order.order_read', printed: "try later: Lambda's own answer" },
    { endpoint: busy, scope: 'order.order_read', printed: "try later: Lambda's own answer" },
  ];
}

/** The document in which every error may be any text. */
function withoutCodes(): object {
  const text = JSON.stringify(document);
  return JSON.parse(text.replaceAll(/("error":\{"type":"string"),"(const":"[^"]*"|enum":\[[^\]]*\])/g, '$1'));
}

/** @param mode grants the first scope, and has a failure for each of the next three */
export async function checkClients(suite: Suite, mode: Endpoint, directory: string): Promise<void> {
  const expected = await answers(mode, directory);
  for (const client of CLIENTS) {
    await suite.check(
      `the ${client.name} client has the types of all answers, and gets those of local mode`,
      async () => {
        const program = await buildClient(client, document, directory);
        for (const { endpoint, scope, printed } of expected)
          assert.equal(await program(endpoint, scope), `${printed}\n`);
      },
    );
    await suite.check(`the ${client.name} program finds that the codes of errors are missing`, () =>
      assert.rejects(buildClient(client, withoutCodes(), directory), /vend\.(ts|py).*error/),
    );
  }
}
