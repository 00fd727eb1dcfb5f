// `npm run test:signers`: programs that sign with the libraries of others vend tokens of local mode. Needs Python 3, and
// installs the rest. What needs Go 1.24, or Java 17 and Maven, is skipped where they are not found.

import assert from 'node:assert/strict';
import type { LocalMode } from '../../local/local-mode.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { run } from '../../testbed/processes/children.ts';
import { runSuite, type Suite } from '../../testbed/suite.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';
import { type RunningFunction, startFunction } from '../local/handler-folder.ts';
import { type Command, SIGNERS, type Signer } from './signers.ts';

const SCOPES = ['order.order_read', 'price.price_manage'];
const SESSION_TOKEN = 'session/+token==';
/** Empty, because each SDK would read the configuration of whoever runs the suite. */
const { path: HOME } = temporaryFolder();
/** A library that can't reach the endpoint would otherwise retry for minutes. */
const LIMIT_MS = 60_000;

interface Caller extends Pick<Signer, 'name' | 'unsignedHeader'> {
  readonly command: Command;
  readonly mode: LocalMode;
  /** Answers each request with its event. */
  readonly echo: RunningFunction;
}

/** Runs the program once, with nothing in its environment but this. Returns the body of the answer. */
async function call(
  { command: [program, ...args], mode }: Caller,
  kind: 'form' | 'json' | 'metadata',
  environment: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const env = {
    PATH: process.env.PATH,
    HOME,
    TOKEN_VENDING_URL: `${mode.url}/`,
    AWS_REGION: mode.region,
    AWS_ACCESS_KEY_ID: mode.accessKeyId,
    AWS_SECRET_ACCESS_KEY: mode.secretAccessKey,
    ...environment,
  };
  return JSON.parse(await run(program, [...args, kind, SCOPES.join(' ')], { env, timeout: LIMIT_MS }));
}

async function checkSigner(suite: Suite, caller: Caller): Promise<void> {
  const { name, mode, echo } = caller;
  for (const kind of ['form', 'json'] as const) {
    await suite.check(`${name} vends a token for two scopes, which a body of type ${kind} names`, async () => {
      const answer = await call(caller, kind);
      assert.equal(answer.token_type, 'Bearer');
      assert.deepEqual(String(answer.scope).split(' ').sort(), SCOPES);
    });
  }
  await suite.check(`${name} vends a token with the temporary credentials of a role`, async () => {
    const answer = await call(caller, 'form', { AWS_SESSION_TOKEN: SESSION_TOKEN });
    assert.equal(answer.token_type, 'Bearer');
  });
  const { unsignedHeader } = caller;
  const signing = unsignedHeader
    ? `sends ${unsignedHeader} without signing it`
    : 'signs each x-amz header that it sends';
  await suite.check(`${name} sends the session token of a role, and ${signing}`, async () => {
    const event = await call(caller, 'form', { AWS_SESSION_TOKEN: SESSION_TOKEN, TOKEN_VENDING_URL: echo.url });
    const headers = event.headers as Readonly<Record<string, string>>;
    assert.equal(headers['x-amz-security-token'], SESSION_TOKEN);
    const [, signed = ''] = /SignedHeaders=([\w;-]+)/.exec(headers.authorization ?? '') ?? [];
    const unsigned = Object.keys(headers).filter(
      (header) => /^x-amz-/.test(header) && !signed.split(';').includes(header),
    );
    assert.deepEqual(unsigned, unsignedHeader ? [unsignedHeader] : []);
  });
  await suite.check(`${name} reads the metadata`, async () => {
    assert.equal((await call(caller, 'metadata')).token_endpoint, `${mode.url}/oauth/token`);
  });
  await suite.check(`${name} is refused with a wrong secret key`, async () => {
    const refused = call(caller, 'form', { AWS_SECRET_ACCESS_KEY: 'wrong' });
    // Only Lambda's answers with status 403 have this sentence. awscurl doesn't print the status.
    await assert.rejects(refused, /signature we calculated does not match the signature you provided/);
  });
}

await runSuite({}, async (suite) => {
  const mode = await startBundledLocalMode({ write: () => {} });
  const echo = await startFunction('export const handler = async (event) => event;');
  for (const signer of SIGNERS) {
    const command = await signer.prepare();
    if ('missing' in command) suite.skip(signer.name, command.missing);
    else await checkSigner(suite, { ...signer, command, mode, echo });
  }
});
