// docs/openapi.json has the errors, parameters and paths that the code has. `npm run test:openapi` tests that the answers
// have the shapes that it describes.

import { expect, test } from '@jest/globals';
import document from '../../docs/openapi.json' with { type: 'json' };
import { systemClock } from '../../lambda/clock.ts';
import { type ErrorCode, VendingError } from '../../lambda/errors.ts';
import { Log } from '../../lambda/log-line.ts';
import { AuditLog } from '../../lambda/vend/http/audit-log.ts';
import { createHandler } from '../../lambda/vend/http/handler.ts';
import { PARAMETERS } from '../../lambda/vend/http/vend-request.ts';
import { functionUrlEvent, invocationContext } from '../../testbed/function-url-event.mjs';

/** All error codes. One that is missing here is a type error. */
const ERROR_CODES: Readonly<Record<ErrorCode, true>> = {
  invalid_request: true,
  unsupported_grant_type: true,
  invalid_scope: true,
  invalid_target: true,
  not_found: true,
  method_not_allowed: true,
  slow_down: true,
  misconfigured: true,
  wrong_tenant: true,
  nothing_granted: true,
  too_much_granted: true,
  credential_refused: true,
  unusable_answer: true,
  throttled: true,
  timed_out: true,
  unavailable: true,
};

/** The handler's answer when vending fails with this error. */
async function answerTo(method: string, path: string, code: string) {
  const handler = createHandler({
    vendor: { vend: () => Promise.reject(new VendingError(code as ErrorCode, 'what happened')) },
    auditLog: new AuditLog(
      new Log({ dimensions: { Stack: 'S', Profile: 'default' }, of: 'Profile', clock: systemClock, write: () => {} }),
    ),
    clock: systemClock,
    settings: { profile: 'default' },
  });
  const { statusCode, body } = await handler(functionUrlEvent({ method, path }), invocationContext());
  return { status: statusCode, error: JSON.parse(body).error };
}

interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, { readonly const?: string; readonly enum?: readonly string[] }>>;
}

/** A part of the document, or the component that it refers to. */
function resolve<Part extends object>(part: Part): Part {
  if (!('$ref' in part)) return part;
  const [, kind = '', name = ''] = /^#\/components\/(\w+)\/(\w+)$/.exec(String(part.$ref)) ?? [];
  const components: Readonly<Record<string, Readonly<Record<string, unknown>>>> = document.components;
  return components[kind]?.[name] as Part;
}

/** The codes that a body may have as its `error`. */
function errorCodes(schema: Schema): readonly string[] {
  const { anyOf, properties } = resolve(schema);
  const { const: only, enum: several = [] } = properties?.error ?? {};
  return [...several, ...(only === undefined ? [] : [only]), ...(anyOf ?? []).flatMap(errorCodes)];
}

/** The errors that the document lists, each as `status error`. */
function documented(responses: object): string[] {
  return Object.entries(responses).flatMap(([status, response]) => {
    const { content } = resolve(response) as { content: { 'application/json': { schema: Schema } } };
    return errorCodes(content['application/json'].schema).map((code) => `${status} ${code}`);
  });
}

const { '/oauth/token': token, '/': root } = document.paths;

test('the document lists exactly the errors of the code, each with its status', async () => {
  const answers = await Promise.all(
    Object.keys(ERROR_CODES).map(async (code) => {
      const { status, error } = await answerTo('POST', '/oauth/token', code);
      return `${status} ${error}`;
    }),
  );
  const pairs = [token.post.responses, document['x-other-paths'], document['x-other-methods']].flatMap(documented);
  expect(new Set(pairs)).toEqual(new Set(answers));
  expect(pairs.filter((pair, index) => pairs.indexOf(pair) !== index)).toEqual([]);
});

test('both paths that vend tokens are documented in the same way', () => {
  expect(root.post.responses).toEqual(token.post.responses);
  expect(root.post.requestBody).toEqual(token.post.requestBody);
});

test('a form and a JSON body have exactly the parameters that the code knows', () => {
  const { FormRequest, JsonRequest } = document.components.schemas;
  for (const { properties } of [FormRequest, JsonRequest]) {
    expect(new Set(Object.keys(properties))).toEqual(new Set(PARAMETERS));
  }
});

test.each(
  Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => [method, path])),
)('%s %s is answered', async (method = '', path = '') => {
  const { status } = await answerTo(method.toUpperCase(), path, 'unavailable');
  expect([200, 503]).toContain(status);
});

test('each component of the document is used, and each one used is defined', () => {
  const used = new Set([...JSON.stringify(document).matchAll(/"#\/components\/([^"]+)"/g)].map(([, name]) => name));
  const { securitySchemes: _, ...components } = document.components;
  const defined = Object.entries(components).flatMap(([kind, of]) => Object.keys(of).map((name) => `${kind}/${name}`));
  expect(used).toEqual(new Set(defined));
});
