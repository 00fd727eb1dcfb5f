// `npm run test:openapi`: linters judge docs/openapi.json. Schemathesis makes good and bad requests out of it, signs them,
// and judges the answers of local mode by it. Generated clients vend tokens. Needs Python 3, and installs the rest.

import assert from 'node:assert/strict';
import type { AuthorizationServerOptions, Misbehaviour } from '../../local/authorization-server.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { schemathesis, type Trial, trySchemathesis } from '../../testbed/schemathesis.ts';
import { runSuite, type Suite } from '../../testbed/suite.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';
import { type Deployment, documentOf, LIFETIME_SECONDS } from './document.ts';
import { checkClients } from './generated-clients.ts';
import { checkLinters } from './linters.ts';
import { installFromNpm, python } from './tools.ts';

const DEPLOYMENT: Deployment = {
  profile: 'default',
  scopes: ['order.order_read', 'price.price_manage', 'product.product_manage', 'media.asset_manage'],
  audience: 'https://api.example',
};
/** The checks of Schemathesis that need nothing but an answer. */
const CHECKS_OF_ANSWERS = [
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];
const MORE_THAN_ALLOWED = { access_token: 'token', token_type: 'Bearer', scope: 'category.category_manage' };
/** The authorization server has these failures in turn. The function remembers each for the scope set that met it. */
const FAILURES: readonly Misbehaviour[] = [
  { status: 503, headers: { 'retry-after': '30' } },
  { body: '<html>' },
  { body: JSON.stringify(MORE_THAN_ALLOWED) },
];

const start = (respondWith: NonNullable<AuthorizationServerOptions['respondWith']>) =>
  startBundledLocalMode({
    profile: {
      clientAuthentication: 'client_secret_post',
      scopes: DEPLOYMENT.scopes,
      parameters: { audience: DEPLOYMENT.audience },
    },
    emporix: { expiresInSeconds: LIFETIME_SECONDS, respondWith },
    write: () => {},
  });

await runSuite({}, async (suite) => {
  const { path: directory } = temporaryFolder();
  await suite.step('linters and generators are installed into .cache/openapi', installFromNpm);
  await suite.step('linters and generators are installed into .venv-openapi', () => python.install());
  await checkLinters(suite, directory);
  // The first scope is granted, and each other one meets a failure.
  const failingByScope = await start(({ params }) => FAILURES[DEPLOYMENT.scopes.indexOf(params.scope ?? '') - 1]);
  await checkClients(suite, failingByScope, directory);
  await suite.step('Schemathesis is installed into .venv-schemathesis', () => schemathesis.install());
  await checkAnswers(suite, directory);
});

/** Schemathesis finds that the answers are as the document says. */
async function checkAnswers(suite: Suite, directory: string): Promise<void> {
  let requests = 0;
  const healthy = await start(() => undefined);
  const failing = await start(() => FAILURES[requests++ % FAILURES.length]);
  const document = documentOf(DEPLOYMENT);
  const attempt = (trial: Partial<Trial> = {}) => trySchemathesis({ document, mode: healthy, directory, ...trial });

  await suite.check('the document says what is vended and what is refused', async () => {
    const statuses = await attempt({ maxExamples: 300 });
    assert.deepEqual([...statuses.keys()].sort(), [200, 400, 403, 405]);
    assert((statuses.get(200) ?? 0) > 300, 'few tokens were vended');
    assert((statuses.get(400) ?? 0) > 100, 'few requests were refused');
  });
  await suite.check('the answers are as the document says while the authorization server fails', async () => {
    const statuses = await attempt({ mode: failing, checks: CHECKS_OF_ANSWERS, maxExamples: 60 });
    for (const status of [500, 502, 503]) assert(statuses.has(status), `${status} was no answer`);
  });
  await suite.check('a document without the status 400 does not pass', async () => {
    const { post } = document.paths['/oauth/token'];
    const { 400: _, ...responses } = post.responses;
    const wrong = { ...document, paths: { ...document.paths, '/oauth/token': { post: { ...post, responses } } } };
    await assert.rejects(attempt({ document: wrong, maxExamples: 10 }), /Undocumented status code/);
  });
  await suite.check('a document with a field too many does not pass', async () => {
    const { schemas, ...components } = document.components;
    const Token = { ...schemas.Token, required: [...schemas.Token.required, 'not_there'] };
    const wrong = { ...document, components: { ...components, schemas: { ...schemas, Token } } };
    await assert.rejects(attempt({ document: wrong, maxExamples: 10 }), /"not_there" is a required property/);
  });
}
