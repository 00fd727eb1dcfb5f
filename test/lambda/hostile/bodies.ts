// Bodies of token requests that no client should send. A parameter may have any value and any name, and may be
// repeated. A body may be a form, JSON or neither; it may be cut, not UTF-8 or not base64.

import fc from 'fast-check';
import { AUDIENCE, CREDENTIAL_SCOPES, PROFILE, tokenOf } from './instance.ts';

/** Names that every object inherits. */
export const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty'];

/** Texts that forge a log line, clear a terminal, end a line for some readers, or are half a character. */
const TRICKS = [
  '\r\n{"event":"vended","Profile":"default"}\n',
  '\u001b[2J\u001b]0;title\u0007',
  '\u009b2J',
  '\u2028\u2029\u0085',
  '\u0000',
  '\ufeff',
  '\ud800',
  '\udfff\ud83d',
  '"},"level":"info',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: some loggers replace this
  '${jndi:ldap://127.0.0.1/a}',
  "' OR '1'='1",
  '../../etc/passwd',
  '%00%0d%0a',
  '%',
];

export const trickyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...TRICKS, ...PROTOTYPE_NAMES),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', '\n', '\u2028', '%', '+', '&', '='), maxLength: 12 }),
  fc.tuple(fc.constantFrom(...TRICKS), fc.constantFrom('order.order_read', '')).map((parts) => parts.join('')),
);

/** Any JSON value, in place of the one that was expected. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1e308, '', ' ', 'null', [], [[]], {}, 'a'.repeat(100_000)),
  fc.jsonValue({ maxDepth: 2 }),
  trickyText,
  fc
    .tuple(fc.constantFrom(...PROTOTYPE_NAMES), fc.constantFrom<unknown>(1, null, {}, 'a'))
    .map((entry) => Object.fromEntries([entry])),
);

const scopeToken = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<string>(...CREDENTIAL_SCOPES) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'ORDER.ORDER_READ',
      'tenant=other',
      'tenant=yourtenant',
      'tenant=',
      'scope=',
      ...PROTOTYPE_NAMES,
    ),
  },
  { weight: 1, arbitrary: fc.nat({ max: 500 }).map((n) => `made.up_${n}`) },
);

const manyScopes = fc
  .record({ length: fc.constantFrom(169, 400, 1_700, 10_000), from: fc.nat({ max: 100 }) })
  .map(({ length, from }) => Array.from({ length }, (_, n) => `s.${from + n}`).join(' '));

const scope = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.array(scopeToken, { minLength: 1, maxLength: 4 }), fc.constantFrom(' ', ' ', ' ', '  ', ' \t'))
      .map(([tokens, space]) => tokens.join(space)),
  },
  { weight: 1, arbitrary: trickyText },
  { weight: 1, arbitrary: manyScopes },
  { weight: 1, arbitrary: fc.constantFrom('', ' ', 'scope=', 'tenant=yourtenant', 'x'.repeat(100 * 1024)) },
);

const minTtl = fc.oneof(
  fc.constantFrom('', '0', '60', '60', '7200', '10799', '10800', '999999999'),
  fc.constantFrom('-1', '1.5', '1e3', '0x10', ' 60', '60\n', '６０', 'NaN', 'Infinity', '9'.repeat(400)),
  trickyText,
);

/** A placeholder for the SHA-256 of the token that was vended last. */
export const OF_LAST_TOKEN = 'e'.repeat(64);

const rejectedToken = fc.oneof(
  fc.constant(OF_LAST_TOKEN),
  fc.constantFrom('', 'A'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), `${'a'.repeat(64)}\n`, tokenOf(0)),
  trickyText,
);

const target = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(AUDIENCE, AUDIENCE, '', `${AUDIENCE}/`) },
  { weight: 1, arbitrary: trickyText },
);

/** Names that differ from a known one only in case, separators, a plural or an index. */
const MISSPELLED = [
  'scopes',
  'Scope',
  'scope[]',
  'scope[0]',
  'minTtl',
  'min-ttl',
  'GRANT_TYPE',
  'client-secret',
  'audiences',
];

type Parameter = readonly [name: string, value: unknown];

const value = (name: string, values: fc.Arbitrary<string>): fc.Arbitrary<Parameter> =>
  values.map((text) => [name, text] as const);

const parameter: fc.Arbitrary<Parameter> = fc.oneof(
  { weight: 12, arbitrary: value('scope', scope) },
  { weight: 4, arbitrary: value('grant_type', fc.constantFrom('client_credentials', 'client_credentials', '', 'a')) },
  { weight: 4, arbitrary: value('min_ttl', minTtl) },
  { weight: 4, arbitrary: value('rejected_token_sha256', rejectedToken) },
  { weight: 2, arbitrary: value('client_id', fc.constantFrom(PROFILE, PROFILE, 'another', '')) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('audience', 'audience', 'resource', 'authorization_details'), target),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...MISSPELLED), trickyText) },
  { weight: 1, arbitrary: value('client_secret', fc.constantFrom('canary-secret', '')) },
  { weight: 1, arbitrary: value('client_assertion', fc.constant('canary-assertion')) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...PROTOTYPE_NAMES), trickyText) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('scope', 'min_ttl', 'audience', 'resource', ...PROTOTYPE_NAMES), oddValue),
  },
  { weight: 1, arbitrary: fc.tuple(trickyText, trickyText) },
);

const parameters = fc.array(parameter, { maxLength: 4 });

/** Lone surrogates can't be percent-encoded, so they are sent as they are. */
function percentEncoded(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.isWellFormed() ? encodeURIComponent(text).replaceAll('%20', '+') : text;
}

const toForm = (given: readonly Parameter[]) =>
  given.map(([name, text]) => `${percentEncoded(name)}=${percentEncoded(text)}`).join('&');
/** The JSON is put together as text, so that names can repeat. */
const toJson = (given: readonly Parameter[]) =>
  `{${given.map(([name, any]) => `${JSON.stringify(name)}:${JSON.stringify(any)}`).join(',')}}`;

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

const contentType = fc.oneof(
  fc.constantFrom(FORM, JSON_TYPE, `${FORM};charset=UTF-8`, 'APPLICATION/JSON', `${JSON_TYPE}; charset="utf8"`),
  fc.constantFrom('', 'text/plain', 'application/xml', 'multipart/form-data; boundary=x', `${JSON_TYPE}, ${FORM}`),
  fc.constantFrom(`${FORM};charset=iso-8859-1`, `${FORM};charset=us-ascii`, `${FORM};charset=iso-2022-jp`),
  fc.constantFrom(`${FORM};charset=utf-16`, `${JSON_TYPE};charset=utf-7`, ';;;', '; charset=', `${FORM}\u0000`),
  trickyText,
);

export interface HostileBody {
  readonly contentType: string;
  readonly body: unknown;
  readonly isBase64Encoded: unknown;
}

const base64 = (body: string | Uint8Array) => Buffer.from(body).toString('base64');
/** Lambda passes a form on in base64, and JSON as text. */
const asForm = (body: string | Uint8Array): HostileBody => ({
  contentType: FORM,
  body: base64(body),
  isBase64Encoded: true,
});
const asJson = (body: string): HostileBody => ({ contentType: JSON_TYPE, body, isBase64Encoded: false });

/** The body is cut, has a byte order mark, is followed by something else, or is not UTF-8. */
const damage = fc.constantFrom<(text: string) => string | Uint8Array>(
  (text) => text.slice(0, text.length / 2),
  (text) => `\ufeff${text}`,
  (text) => `${text}}`,
  (text) => `${text}&&=&%zz`,
  (text) => Buffer.concat([Buffer.from(text), Buffer.of(0xff, 0xc3)]),
  (text) => Buffer.from(text, 'utf16le'),
  (text) => `[${text}]`,
  (text) => text + ' '.repeat(17 * 1024),
);

const wellFormed: fc.Arbitrary<HostileBody> = fc.oneof(
  parameters.map((given) => asForm(toForm(given))),
  parameters.map((given) => asJson(toJson(given))),
);

export const hostileBody: fc.Arbitrary<HostileBody> = fc.oneof(
  { weight: 10, arbitrary: wellFormed },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom('', CREDENTIAL_SCOPES[0])
      .map((scope) => asJson(JSON.stringify({ scope, rejected_token_sha256: OF_LAST_TOKEN }))),
  },
  { weight: 1, arbitrary: fc.tuple(parameters, damage).map(([given, damaged]) => asForm(damaged(toForm(given)))) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(parameters, damage)
      .map(([given, damaged]) => asJson(Buffer.from(damaged(toJson(given))).toString())),
  },
  { weight: 1, arbitrary: fc.tuple(wellFormed, contentType).map(([body, type]) => ({ ...body, contentType: type })) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map(asForm) },
  {
    weight: 1,
    arbitrary: fc.record({
      contentType,
      body: fc.oneof(fc.constantFrom('c2Nv*', 'YQ', '====', 'a'.repeat(22_000), 'YQ==YQ=='), oddValue),
      isBase64Encoded: fc.constantFrom<unknown>(true, false, 'true', 1, null),
    }),
  },
  { weight: 1, arbitrary: fc.constant(asJson('['.repeat(8_000))) },
);
