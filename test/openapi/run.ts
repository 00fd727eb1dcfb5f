// `npm run test:openapi`: Schemathesis makes requests out of docs/openapi.json, good ones and bad ones, signs them, and
// holds the answers of local mode against it. Prints each check and `N passed, M failed`; 5 minutes at most.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmporixOptions, Misbehaviour } from '../../local/emporix.ts';
import { type LocalMode, startLocalMode } from '../../local/local-mode.ts';
import { Checks, StepFailed } from '../deploy/checks.ts';
import { interruptedOrAfter } from '../deploy/command.ts';
import { type Deployment, documentOf, LIFETIME_SECONDS } from './document.ts';
import { installSchemathesis, type Trial, trySchemathesis } from './schemathesis.ts';

const LIMIT_MS = 5 * 60_000;
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const DEPLOYMENT: Deployment = {
  profile: 'default',
  scopes: ['order.order_read', 'price.price_manage', 'product.product_manage', 'media.asset_manage'],
};
/** Of Schemathesis' checks, those that look at an answer alone. */
const OF_ANSWERS = [
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];
const MORE_THAN_ALLOWED = { access_token: 'token', token_type: 'Bearer', scope: 'category.category_manage' };
/** In turn. Each is remembered for a scope set of its own. */
const FAILURES: readonly Misbehaviour[] = [
  { status: 503, headers: { 'retry-after': '30' } },
  { body: '<html>' },
  { body: JSON.stringify(MORE_THAN_ALLOWED) },
];

const checks = new Checks();
const signal = interruptedOrAfter(LIMIT_MS);

const start = (respondWith: NonNullable<EmporixOptions['respondWith']>) =>
  startLocalMode({
    profile: { clientAuthentication: 'client_secret_post', scopes: DEPLOYMENT.scopes },
    emporix: { expiresInSeconds: LIFETIME_SECONDS, respondWith },
    write: () => {},
  });

const directory = await mkdtemp(join(tmpdir(), 'token-vending-openapi-'));
const started: LocalMode[] = [];
try {
  await checks.step('Schemathesis is installed into .venv-schemathesis', () => installSchemathesis(signal));
  let request = 0;
  started.push(await start(() => undefined), await start(() => FAILURES[request++ % FAILURES.length]));
  const [healthy, failing] = started as [LocalMode, LocalMode];
  const document = documentOf(DEPLOYMENT);
  const attempt = (trial: Partial<Trial> = {}) =>
    trySchemathesis({ document, mode: healthy, directory, signal, ...trial });

  await checks.check('what the document allows is vended, what it does not is refused, all as it says', async () => {
    const statuses = await attempt({ maxExamples: 300 });
    assert.deepEqual([...statuses.keys()].sort(), [200, 400, 403, 405]);
    assert((statuses.get(200) ?? 0) > 300, 'few tokens were vended');
    assert((statuses.get(400) ?? 0) > 100, 'few requests were refused');
  });
  await checks.check('the answers are as it says while the authorization server fails', async () => {
    const statuses = await attempt({ mode: failing, checks: OF_ANSWERS, maxExamples: 60 });
    for (const status of [500, 502, 503]) assert(statuses.has(status), `${status} was no answer`);
  });
  await checks.check('a document without the status 400 does not pass', async () => {
    const { post } = document.paths['/oauth/token'];
    const { 400: _, ...responses } = post.responses;
    const wrong = { ...document, paths: { ...document.paths, '/oauth/token': { post: { ...post, responses } } } };
    await assert.rejects(attempt({ document: wrong, maxExamples: 10 }), /Undocumented status code/);
  });
  await checks.check('a document with a field too many does not pass', async () => {
    const { schemas, ...components } = document.components;
    const Token = { ...schemas.Token, required: [...schemas.Token.required, 'not_there'] };
    const wrong = { ...document, components: { ...components, schemas: { ...schemas, Token } } };
    await assert.rejects(attempt({ document: wrong, maxExamples: 10 }), /"not_there" is a required property/);
  });
} catch (error) {
  if (error instanceof StepFailed) console.log(`Stopped: without "${error.message}" nothing else can be tried.`);
  else await checks.check('nothing fails between the checks', () => Promise.reject(error));
} finally {
  await Promise.all(started.map((mode) => mode.close()));
  await rm(directory, { recursive: true, force: true });
  console.log(`\nTests: ${checks.summary()}`);
}
process.exitCode = checks.allPassed ? 0 : 1;
