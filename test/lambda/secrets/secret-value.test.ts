// The forms in which people store a credential, and the one sentence about each form that isn't read.

import { describe, expect, test } from '@jest/globals';
import { Credential } from '../../../lambda/oauth/credential.ts';
import {
  DEFAULT_SECRET_FIELDS,
  readCredential,
  type SecretFields,
  type SecretValue,
} from '../../../lambda/secrets/secret-value.ts';

const json = (clientId: unknown, clientSecret: unknown = 'secret') =>
  JSON.stringify({ client_id: clientId, client_secret: clientSecret });
const read = (value: string | Uint8Array, fields: SecretFields = DEFAULT_SECRET_FIELDS) => {
  const stored: SecretValue = typeof value === 'string' ? { SecretString: value } : { SecretBinary: value };
  const credential = readCredential(stored, fields, 'v1');
  return credential instanceof Credential ? [credential.clientId, credential.clientSecret] : credential;
};
const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le');

describe('the same credential is read', () => {
  test.each<[string, string | Uint8Array]>([
    ['from text', json('client')],
    ['from bytes', Buffer.from(json('client'))],
    ['from text after a byte order mark', `\uFEFF${json('client')}`],
    ['from bytes after a byte order mark', Buffer.from([0xef, 0xbb, 0xbf, ...Buffer.from(json('client'))])],
    ['from text between blanks and line ends', `\r\n\t ${json('client')}\r\n\r\n`],
    ['beside other fields', '{"owner":{"client_id":1},"client_secret":"secret","client_id":"client","n":1e400}'],
    ...['\n', '\r', '\r\n', '\n\n', '\r\n\r\n', '\n\r'].map((end): [string, string] => [
      `with ${JSON.stringify(end)} after both`,
      json(`client${end}`, `secret${end}`),
    ]),
    ['with a byte order mark before both', json('\uFEFFclient', '\uFEFFsecret\r\n')],
  ])('%s', (_, value) => {
    expect(read(value)).toEqual(['client', 'secret']);
  });
});

test.each([' secret', 'secret ', ' secret \t', 'se cret', 'se\ncret', '\nsecret', 'é', '"\\'])(
  'what else a secret holds, such as %j, stays',
  (secret) => {
    expect(read(json('client', secret))).toEqual(['client', secret]);
    expect(read(Buffer.from(json('client', secret)))).toEqual(['client', secret]);
    expect(read(json('client', `${secret}\r\n`))).toEqual(['client', secret]);
  },
);

test.each(['0', '1234', '-5', '1.5', '9007199254740991', '-9007199254740991'])(
  'the number %s is read as text',
  (id) => {
    expect(read(`{"client_id":${id},"client_secret": ${id}}`)).toEqual([id, id]);
  },
);

test.each([
  '12345678901234567890',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740992',
  '1e3',
  '1E3',
  '12e400',
  '1.0',
  '1.50',
  '-0',
  '0.12345678901234567890',
])('the number %s is refused, because it would be read as another text', (number) => {
  const refusal = (name: string) => `has a number as "${name}" that can't be read exactly: write it in quotes`;
  expect(read(`{"client_id":${number},"client_secret":"s"}`)).toBe(refusal('client_id'));
  // A text that looks like a field with another number makes no difference.
  expect(read(`{"note":"\\"client_secret\\":7","client_id":"c","client_secret":${number}}`)).toBe(
    refusal('client_secret'),
  );
});

describe('a value that holds no credential is refused by a true sentence without the value:', () => {
  test.each<[string, string | Uint8Array]>([
    ['is empty', ''],
    ['is empty', new Uint8Array()],
    ['is empty', '\uFEFF'],
    ['holds only blanks', ' '],
    ['holds only blanks', Buffer.from('\r\n')],
    ['is not JSON', 'x8}d?k!canary'],
    ['is not JSON', "{'client_id':'canary'}"],
    ['is UTF-16: save it in UTF-8', utf16(json('canary'))],
    ['is UTF-16: save it in UTF-8', utf16(json('canary')).swap16()],
    ['is not UTF-8: save it in UTF-8', Buffer.from(json('canary', 'é'), 'latin1')],
    ['holds NUL characters, as a file in UTF-16 does: save it in UTF-8', Buffer.from(json('canary'), 'utf16le')],
    ['holds NUL characters, as a file in UTF-16 does: save it in UTF-8', utf16(json('canary')).toString('latin1')],
    ['is a list, not a JSON object', '["canary"]'],
    ['is null, not a JSON object', 'null'],
    ['is a string, not a JSON object', JSON.stringify(json('canary'))],
    ['is a number, not a JSON object', '42'],
    ['is a boolean, not a JSON object', 'true'],
    ['has no field "client_id"', '{}'],
    ['has no field "client_id"', '{"client_secret":"canary"}'],
    ['has no field "client_secret"', '{"client_id":"canary","toString":1}'],
    ['has no field "client_id"', '{"canary":"canary"}'],
    ['has no field "client_id", but has "clientId"', '{"clientId":"canary","client_secret":"s"}'],
    ['has no field "client_id", but has "Client-ID "', '{"Client-ID ":"canary"}'],
    ['has no field "client_secret", but has "CLIENT_SECRET"', '{"client_id":"c","CLIENT_SECRET":"canary"}'],
    ['has an empty "client_id"', json('')],
    ['has an empty "client_secret"', json('canary', '')],
    ['has only blanks as "client_id"', json(' \t')],
    ['has only blanks as "client_secret"', json('canary', '\r\n')],
    ['has only blanks as "client_secret"', json('canary', '\uFEFF')],
    ['has null as "client_id", which must be a string', json(null)],
    ['has a list as "client_id", which must be a string', json(['canary'])],
    ['has an object as "client_secret", which must be a string', json('canary', { canary: 'canary' })],
    ['has a boolean as "client_secret", which must be a string', json('canary', true)],
  ])('%s (%j)', (sentence, value) => {
    expect(read(value)).toBe(sentence);
  });

  test('has no value', () => {
    expect(readCredential({}, DEFAULT_SECRET_FIELDS, 'v1')).toBe('has no value');
  });
});

describe('the two fields may have other names', () => {
  test.each<[SecretFields, string]>([
    [{ clientId: 'clientId', clientSecret: 'clientSecret' }, '{"clientId":"c","clientSecret":"s"}'],
    [{ clientId: 'key', clientSecret: 'client_id' }, '{"key":"c","client_id":"s","client_secret":"x"}'],
    [{ clientId: 'Client ID', clientSecret: 'a.b' }, '{"a":{"b":"x"},"a.b":"s","Client ID":"c"}'],
    [{ clientId: '__proto__', clientSecret: 'constructor' }, '{"__proto__":"c","constructor":"s"}'],
  ])('%j', (fields, value) => {
    expect(read(value, fields)).toEqual(['c', 's']);
  });

  test.each<[SecretFields, string, string]>([
    [{ clientId: 'key', clientSecret: 'value' }, json('c'), 'has no field "key"'],
    [{ clientId: 'oauth.id', clientSecret: 's' }, '{"oauth":{"id":"c"},"s":"s"}', 'has no field "oauth.id"'],
    [{ clientId: 'toString', clientSecret: 's' }, '{"s":"s"}', 'has no field "toString"'],
    [
      { clientId: 'clientId', clientSecret: 's' },
      '{"client_id":"c","s":"s"}',
      'has no field "clientId", but has "client_id"',
    ],
  ])('and the sentences name those: %j', (fields, value, sentence) => {
    expect(read(value, fields)).toBe(sentence);
  });
});
