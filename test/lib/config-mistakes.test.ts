// For each mistake in the configuration the one line that says so.

import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { ConfigError, show } from '../../lib/config-error.ts';

const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-AbCd12';
const KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const ROLE_ARN = 'arn:aws:iam::111122223333:role/team/orders';
const ROOT_ARN = 'arn:aws:iam::444455556666:root';
const NAME = 'must be at most 32 lower-case letters, digits and single hyphens, a letter first';
const ENDPOINT =
  'must be an https URL, or http on a loopback host, without user, fragment or space, of at most 2048 characters';
const COMPLETE = 'must be the complete ARN of a secret, with the hyphen and six characters at its end';
const KEY = 'must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias';
const SENT = 'must not be there: client_id, client_secret, grant_type, scope are sent by the function itself';
const SCOPE =
  'must be one scope (RFC 6749 §3.3: printable ASCII without space, quote or backslash), without scope= or tenant=';
const CALLER =
  'must be the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME) or account (arn:aws:iam::ACCOUNT:root), without wildcards, of at most 256 characters';
const ROOT_KEYS =
  'credentials, profiles, memoryMb, logRetentionDays, deployment, recordSecretReads, encryptionKeyArn, strictSecretPolicy, alarms, alarmEmail, alarmTopicArn';
const CREDENTIAL_KEYS =
  'tokenEndpoint, secretName, secretArn, secretKeyArn, secretFields, rotation, clientAuthentication, tenant, parameters';
const PROFILE_KEYS = 'credential, scopes, callers, organizationId, reservedConcurrency, canaryEveryMinutes';
const DAYS =
  'must be a number of days that CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653';

const FIELD = 'must be the name of a field, of at most 128 characters, without quotes, backslashes and line ends';
const credential = (emporix: unknown) => ({ credentials: { emporix } });
const endpoint = (tokenEndpoint: unknown) => credential({ tokenEndpoint });
const fields = (secretFields: unknown) => credential({ secretFields });
const profile = (orders: unknown) => ({ profiles: { orders } });

const BAD: readonly [unknown, string][] = [
  [null, `tokenVending is null: must be an object of ${ROOT_KEYS}`],
  ['{"memoryMb":', `tokenVending is "{\\"memoryMb\\":": must be an object of ${ROOT_KEYS}`],
  [[], `tokenVending is []: must be an object of ${ROOT_KEYS}`],
  [{ color: 'red' }, `tokenVending.color holds a string: there is no such key, only ${ROOT_KEYS}`],
  [{ 'a\nb': 1 }, `tokenVending["a\\nb"] holds a number: there is no such key, only ${ROOT_KEYS}`],
  [{ credentials: {} }, 'tokenVending.credentials is {}: must be an object of at least one credential by its name'],
  [{ profiles: {} }, 'tokenVending.profiles is {}: must be an object of at least one profile by its name'],
  [{ profiles: [] }, 'tokenVending.profiles is []: must be an object of at least one profile by its name'],
  [{ credentials: { Emporix: {} } }, `tokenVending.credentials has the key "Emporix": ${NAME}`],
  [{ profiles: { '1st': {} } }, `tokenVending.profiles has the key "1st": ${NAME}`],
  [{ profiles: { 'a--b': {} } }, `tokenVending.profiles has the key "a--b": ${NAME}`],
  [{ profiles: { 'a-': {} } }, `tokenVending.profiles has the key "a-": ${NAME}`],
  [{ profiles: { 'a#b': {} } }, `tokenVending.profiles has the key "a#b": ${NAME}`],
  [{ profiles: { [`a${'b'.repeat(32)}`]: {} } }, `tokenVending.profiles has the key "a${'b'.repeat(32)}": ${NAME}`],
  [
    { profiles: { 'a-1b': {}, a1b: {} } },
    'tokenVending.profiles has the key "a1b": must differ in PascalCase from "a-1b"',
  ],
  [
    { credentials: { x2: {}, 'x-2': {} } },
    'tokenVending.credentials has the key "x-2": must differ in PascalCase from "x2"',
  ],
  [credential('secret'), `tokenVending.credentials.emporix is "secret": must be an object of ${CREDENTIAL_KEYS}`],
  [
    credential({ client_secret: 'hunter2' }),
    `tokenVending.credentials.emporix.client_secret holds a string: there is no such key, only ${CREDENTIAL_KEYS}`,
  ],
  [endpoint(7), `tokenVending.credentials.emporix.tokenEndpoint is 7: ${ENDPOINT}`],
  [endpoint('http://a.io/'), `tokenVending.credentials.emporix.tokenEndpoint is "http://a.io/": ${ENDPOINT}`],
  [endpoint('http://127.a.io/'), `tokenVending.credentials.emporix.tokenEndpoint is "http://127.a.io/": ${ENDPOINT}`],
  [endpoint('ftp://localhost'), `tokenVending.credentials.emporix.tokenEndpoint is "ftp://localhost": ${ENDPOINT}`],
  [endpoint('https://a.io/#x'), `tokenVending.credentials.emporix.tokenEndpoint is "https://a.io/#x": ${ENDPOINT}`],
  [endpoint('https://u:p@a.io/'), `tokenVending.credentials.emporix.tokenEndpoint is "https://…@a.io/": ${ENDPOINT}`],
  [endpoint(' https://a.io/'), `tokenVending.credentials.emporix.tokenEndpoint is " https://a.io/": ${ENDPOINT}`],
  [
    endpoint(`https://a.io/${'x'.repeat(2048)}`),
    `tokenVending.credentials.emporix.tokenEndpoint is "https://a.io/${'x'.repeat(86)}…: ${ENDPOINT}`,
  ],
  [
    credential({ secretName: 'a b' }),
    'tokenVending.credentials.emporix.secretName is "a b": must be 1 to 512 letters, digits and /_+=.@-',
  ],
  [credential({ secretArn: 'shop' }), `tokenVending.credentials.emporix.secretArn is "shop": ${COMPLETE}`],
  ...['arn:awsx:', 'arn:aws-:', 'arn::', 'arn:*:'].map((start): [unknown, string] => [
    credential({ secretArn: SECRET_ARN.replace('arn:aws:', start) }),
    `tokenVending.credentials.emporix.secretArn is "${SECRET_ARN.replace('arn:aws:', start)}": ${COMPLETE}`,
  ]),
  ...['', '*', 'eu-central', 'central-1', 'EU-CENTRAL-1', 'eu central-1'].map((region): [unknown, string] => [
    credential({ secretArn: SECRET_ARN, secretKeyArn: KEY_ARN.replace('eu-central-1', region) }),
    `tokenVending.credentials.emporix.secretKeyArn is "${KEY_ARN.replace('eu-central-1', region)}": ${KEY}`,
  ]),
  [
    credential({ secretArn: SECRET_ARN.slice(0, -7) }),
    `tokenVending.credentials.emporix.secretArn is "${SECRET_ARN.slice(0, -7)}": ${COMPLETE}`,
  ],
  [
    credential({ secretArn: SECRET_ARN, secretName: 'shop' }),
    'tokenVending.credentials.emporix.secretName is "shop": must not be there beside secretArn: a secret is created here or exists',
  ],
  [
    credential({ secretKeyArn: KEY_ARN }),
    `tokenVending.credentials.emporix.secretKeyArn is "${KEY_ARN}": must not be there without secretArn: a secret created here is under encryptionKeyArn`,
  ],
  [
    credential({ secretArn: SECRET_ARN, secretKeyArn: 'alias/shop' }),
    `tokenVending.credentials.emporix.secretKeyArn is "alias/shop": ${KEY}`,
  ],
  ...['', ' ', 'a"b', "a'b", 'a\\b', 'a\nb', 'x'.repeat(129)].map((clientId): [unknown, string] => [
    fields({ clientId }),
    `tokenVending.credentials.emporix.secretFields.clientId is ${show(clientId)}: ${FIELD}`,
  ]),
  [fields({ clientSecret: 7 }), `tokenVending.credentials.emporix.secretFields.clientSecret is 7: ${FIELD}`],
  [
    fields('client_id'),
    'tokenVending.credentials.emporix.secretFields is "client_id": must be an object of clientId, clientSecret',
  ],
  [
    fields({ client_id: 'key' }),
    'tokenVending.credentials.emporix.secretFields.client_id holds a string: there is no such key, only clientId, clientSecret',
  ],
  ...[{ clientId: 'key', clientSecret: 'key' }, { clientId: 'client_secret' }, { clientSecret: 'client_id' }].map(
    (names): [unknown, string] => [
      fields(names),
      `tokenVending.credentials.emporix.secretFields is ${JSON.stringify(names)}: must name two different fields`,
    ],
  ),
  [credential({ rotation: 'yes' }), 'tokenVending.credentials.emporix.rotation is "yes": must be true or false'],
  [
    credential({ clientAuthentication: 'none' }),
    'tokenVending.credentials.emporix.clientAuthentication is "none": must be client_secret_post or client_secret_basic',
  ],
  [
    credential({ tenant: '' }),
    'tokenVending.credentials.emporix.tenant is "": must be the name of one tenant, without space or quote',
  ],
  [
    credential({ parameters: 'a=b' }),
    'tokenVending.credentials.emporix.parameters is "a=b": must be an object of strings',
  ],
  [credential({ parameters: { a: 1 } }), 'tokenVending.credentials.emporix.parameters.a is 1: must be a string'],
  [
    credential({ parameters: { client_secret: 'hunter2' } }),
    `tokenVending.credentials.emporix.parameters.client_secret holds a string: ${SENT}`,
  ],
  [
    credential({ parameters: { Scope: 'a' } }),
    `tokenVending.credentials.emporix.parameters.Scope holds a string: ${SENT}`,
  ],
  [
    { credentials: { a: { secretName: 'same' }, b: { secretName: 'same' } }, profiles: { p: { credential: 'a' } } },
    'tokenVending.credentials.b.secretName is "same": must be the secret of one credential only',
  ],
  [profile(null), `tokenVending.profiles.orders is null: must be an object of ${PROFILE_KEYS}`],
  [
    profile({ reservedConcurency: 1 }),
    `tokenVending.profiles.orders.reservedConcurency holds a number: there is no such key, only ${PROFILE_KEYS}`,
  ],
  [profile({ credential: 'shop' }), 'tokenVending.profiles.orders.credential is "shop": must be one of: emporix'],
  [
    { credentials: { a: {}, b: {} }, ...profile({}) },
    'tokenVending.profiles.orders.credential is missing: must be one of: a, b',
  ],
  [profile({ scopes: [] }), 'tokenVending.profiles.orders.scopes is []: must be a list of at least one scope'],
  [profile({ scopes: 'a' }), 'tokenVending.profiles.orders.scopes is "a": must be a list of at least one scope'],
  [profile({ scopes: ['a', 'a b'] }), `tokenVending.profiles.orders.scopes[1] is "a b": ${SCOPE}`],
  [profile({ scopes: ['a"b'] }), `tokenVending.profiles.orders.scopes[0] is "a\\"b": ${SCOPE}`],
  [profile({ scopes: [''] }), `tokenVending.profiles.orders.scopes[0] is "": ${SCOPE}`],
  [profile({ scopes: ['é'] }), `tokenVending.profiles.orders.scopes[0] is "é": ${SCOPE}`],
  [profile({ scopes: ['tenant=shop'] }), `tokenVending.profiles.orders.scopes[0] is "tenant=shop": ${SCOPE}`],
  [profile({ scopes: ['scope=a'] }), `tokenVending.profiles.orders.scopes[0] is "scope=a": ${SCOPE}`],
  [profile({ scopes: ['a', 'b', 'a'] }), 'tokenVending.profiles.orders.scopes[2] is "a": must be listed once only'],
  [profile({ callers: ['111122223333'] }), `tokenVending.profiles.orders.callers[0] is "111122223333": ${CALLER}`],
  [
    profile({ callers: [`arn:aws:iam::111122223333:role/${'x'.repeat(230)}`] }),
    `tokenVending.profiles.orders.callers[0] is "arn:aws:iam::111122223333:role/${'x'.repeat(68)}…: ${CALLER}`,
  ],
  [profile({ callers: ['*'] }), `tokenVending.profiles.orders.callers[0] is "*": ${CALLER}`],
  ...[
    'arn:aws:iam::111122223333:role/*',
    'arn:aws:iam::111122223333:role/',
    'arn:aws:iam::111122223333:user/jo',
    'arn:aws:iam::1111:root',
    'arn:aws:sts::111122223333:assumed-role/a/b',
  ].map((arn): [unknown, string] => [
    profile({ callers: [ROLE_ARN, arn] }),
    `tokenVending.profiles.orders.callers[1] is "${arn}": ${CALLER}`,
  ]),
  [
    profile({ callers: [ROLE_ARN, ROLE_ARN] }),
    `tokenVending.profiles.orders.callers[1] is "${ROLE_ARN}": must be listed once only`,
  ],
  [
    profile({ organizationId: 'r-abcd' }),
    'tokenVending.profiles.orders.organizationId is "r-abcd": must be the ID of an organization (o-…)',
  ],
  [
    profile({ reservedConcurrency: -1 }),
    'tokenVending.profiles.orders.reservedConcurrency is -1: must be a whole number of at least 0',
  ],
  [
    profile({ reservedConcurrency: 1.5 }),
    'tokenVending.profiles.orders.reservedConcurrency is 1.5: must be a whole number of at least 0',
  ],
  ...[0, 61, 0.5, true].map((given): [unknown, string] => [
    profile({ canaryEveryMinutes: given }),
    `tokenVending.profiles.orders.canaryEveryMinutes is ${given}: must be a whole number from 1 to 60`,
  ]),
  [{ memoryMb: 127 }, 'tokenVending.memoryMb is 127: must be a whole number from 128 to 10240'],
  [{ memoryMb: 10_241 }, 'tokenVending.memoryMb is 10241: must be a whole number from 128 to 10240'],
  [{ memoryMb: '512' }, 'tokenVending.memoryMb is "512": must be a whole number from 128 to 10240'],
  [{ logRetentionDays: 2 }, `tokenVending.logRetentionDays is 2: ${DAYS}`],
  [{ alarms: { failures: 0 } }, 'tokenVending.alarms.failures is 0: must be a whole number of at least 1'],
  [
    { alarms: { failure: 5 } },
    'tokenVending.alarms.failure holds a number: there is no such key, only failures, misconfigured, throttles, functionErrors, vendedPastMargin, replacedCredentialInUse, credentialCheckFailed, mintedEarly, tableFailed',
  ],
  [
    { alarmTopicArn: 'oncall' },
    'tokenVending.alarmTopicArn is "oncall": must be the ARN of an SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME), not of a FIFO topic',
  ],
  [{ encryptionKeyArn: 'alias/x' }, `tokenVending.encryptionKeyArn is "alias/x": ${KEY}`],
  [{ strictSecretPolicy: true }, 'tokenVending.strictSecretPolicy is true: must be an object of administrators'],
  [
    { strictSecretPolicy: {} },
    'tokenVending.strictSecretPolicy.administrators is missing: must be a list of at least one ARN of a role',
  ],
  [
    { strictSecretPolicy: { administrators: [ROOT_ARN] } },
    `tokenVending.strictSecretPolicy.administrators[0] is "${ROOT_ARN}": must be the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME), without wildcards`,
  ],
  [
    { ...credential({ secretArn: SECRET_ARN }), strictSecretPolicy: { administrators: [ROLE_ARN] } },
    `tokenVending.strictSecretPolicy is {"administrators":["${ROLE_ARN}"]}: must not be there where no secret is created here: the policy of one that exists is up to its owner`,
  ],
  [{ deployment: 'canary' }, 'tokenVending.deployment is "canary": must be an object of strategy'],
  [
    { deployment: { strategy: 'linear' } },
    'tokenVending.deployment.strategy is "linear": must be all-at-once or canary',
  ],
  [{ alarmEmail: 'oncall' }, 'tokenVending.alarmEmail is "oncall": must be an e-mail address'],
];

describe('a mistake in the configuration stops with one line', () => {
  it.each(BAD)('%j', (raw, line) => {
    const load = () => loadConfig(raw);
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(new ConfigError(line));
    expect(line).not.toContain('\n');
  });
});
