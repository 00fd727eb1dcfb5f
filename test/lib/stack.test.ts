// What is deployed besides roles and callers: functions, logs, secrets, the table, the outputs.

import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../lib/config-error.ts';
import { ACCOUNT, onlyResource, REGION, resourcesOf, synthesize } from './synth.ts';

const KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const secretArn = (account: string, region = REGION) =>
  `arn:aws:secretsmanager:${region}:${account}:secret:shop-AbCd12`;
const credential = (shop: object) => ({ credentials: { shop } });

describe('a function', () => {
  it('is a Node.js 24 function on arm64 with the memory configured and its own logs', () => {
    const template = synthesize({ memoryMb: 1024 });
    const [logs] = onlyResource(template, 'AWS::Logs::LogGroup', 'Profile');
    expect(onlyResource(template, 'AWS::Lambda::Function', 'Profile')[1].Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 1024,
      Timeout: 25,
      LoggingConfig: { LogGroup: { Ref: logs } },
    });
  });

  it('is told names, ARNs and the endpoint, and nothing else, by its environment', () => {
    const template = synthesize({
      ...credential({
        tokenEndpoint: 'https://login.example.com/token',
        tenant: 'shop',
        parameters: { audience: 'api' },
      }),
      profiles: { 'catalog-reader': { scopes: ['a'] } },
    });
    const [secret] = onlyResource(template, 'AWS::SecretsManager::Secret');
    const [table] = onlyResource(template, 'AWS::DynamoDB::Table');
    expect(onlyResource(template, 'AWS::Lambda::Function', 'Profile')[1].Properties.Environment).toEqual({
      Variables: {
        STACK_NAME: 'TokenVending',
        PROFILE: 'catalog-reader',
        CREDENTIAL: 'shop',
        SECRET_ID: { Ref: secret },
        TABLE_NAME: { Ref: table },
        TOKEN_ENDPOINT: 'https://login.example.com/token',
      },
    });
  });

  it('is traced, as the rotation function is', () => {
    const functions = Object.values(resourcesOf(synthesize({}), 'AWS::Lambda::Function'));
    expect(functions.map(({ Properties }) => Properties.TracingConfig)).toEqual([
      { Mode: 'Active' },
      { Mode: 'Active' },
    ]);
  });

  it('reserves concurrency only where it is configured', () => {
    const reserved = (raw: object) =>
      onlyResource(synthesize(raw), 'AWS::Lambda::Function', 'Profile')[1].Properties.ReservedConcurrentExecutions;
    expect(reserved({})).toBeUndefined();
    expect(reserved({ profiles: { orders: { reservedConcurrency: 20 } } })).toBe(20);
    expect(reserved({ profiles: { orders: { reservedConcurrency: 0 } } })).toBe(0);
  });

  it('has a URL that takes signed requests only', () => {
    expect(onlyResource(synthesize({}), 'AWS::Lambda::Url')[1].Properties).toMatchObject({ AuthType: 'AWS_IAM' });
  });

  it('has logs that are kept as long as configured and go with the stack', () => {
    const [, logs] = onlyResource(
      synthesize({ logRetentionDays: 7, encryptionKeyArn: KEY_ARN }),
      'AWS::Logs::LogGroup',
      'Profile',
    );
    expect(logs).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 7, KmsKeyId: KEY_ARN } });
    expect(onlyResource(synthesize({}), 'AWS::Logs::LogGroup', 'Profile')[1].Properties).toEqual({
      RetentionInDays: 90,
    });
  });
});

describe('a secret', () => {
  it('is kept when the stack goes, but not after a first deploy that failed', () => {
    const [, secret] = onlyResource(synthesize({}), 'AWS::SecretsManager::Secret');
    expect(secret).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    expect(secret.Properties.Name).toBeUndefined();
    expect(secret.Properties.GenerateSecretString).toEqual({});
  });

  it('has the name and key configured', () => {
    const template = synthesize({ ...credential({ secretName: 'token-vending/shop' }), encryptionKeyArn: KEY_ARN });
    const [, { Properties }] = onlyResource(template, 'AWS::SecretsManager::Secret');
    expect(Properties).toMatchObject({ Name: 'token-vending/shop', KmsKeyId: KEY_ARN });
  });

  it('is not created where one exists', () => {
    const template = synthesize(credential({ secretArn: secretArn(ACCOUNT) }));
    template.resourceCountIs('AWS::SecretsManager::Secret', 0);
    const [, { Properties }] = onlyResource(template, 'AWS::Lambda::Function', 'Profile');
    expect(Properties.Environment).toMatchObject({ Variables: { SECRET_ID: secretArn(ACCOUNT) } });
  });

  it.each([
    [undefined, '{"client_id": "...", "client_secret": "..."}'],
    [{ clientSecret: 'Client Secret' }, '{"client_id": "...", "Client Secret": "..."}'],
  ])('is described by the fields that it must hold, with secretFields %j', (secretFields, value) => {
    const [, { Properties }] = onlyResource(synthesize(credential({ secretFields })), 'AWS::SecretsManager::Secret');
    expect(Properties.Description).toBe(`Client credential "shop" of token vending: ${value}`);
  });

  it('may belong to a credential that no profile uses', () => {
    const template = synthesize({ credentials: { a: {}, b: {} }, profiles: { p: { credential: 'a' } } });
    template.resourceCountIs('AWS::SecretsManager::Secret', 2);
  });

  const key = 'arn:aws:kms:eu-central-1:444455556666:key/mrk-1234abcd12ab34cd56ef1234567890ab';
  const otherAccount = { secretArn: secretArn('444455556666'), secretKeyArn: key };
  it.each([
    [
      { ...otherAccount, rotation: true },
      `tokenVending.credentials.shop.rotation is true: must be false for a secret of another account than ${ACCOUNT}`,
    ],
    [
      { secretArn: otherAccount.secretArn },
      "tokenVending.credentials.shop.secretKeyArn is missing: must be the customer-managed key of the secret: another account's is read only under such a key",
    ],
    [
      { secretArn: secretArn(ACCOUNT, 'us-east-1') },
      'tokenVending.credentials.shop.secretArn is "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop-AbCd12": must be in eu-central-1, where the stack is: a secret is read in its own region',
    ],
  ])('that cannot be used stops synthesis: %j', (shop, line) => {
    expect(() => synthesize(credential(shop))).toThrow(new ConfigError(line));
    expect(() => synthesize(credential(shop), { env: null })).not.toThrow();
  });

  it('may be of another account, and rotate in this one', () => {
    expect(() => synthesize(credential(otherAccount))).not.toThrow();
    expect(() => synthesize(credential({ secretArn: secretArn(ACCOUNT), rotation: true }))).not.toThrow();
  });
});

describe('the table', () => {
  it('is a cache: on demand, with a TTL, encrypted, without backups, removed with the stack', () => {
    const [, table] = onlyResource(synthesize({}), 'AWS::DynamoDB::Table');
    expect(table.DeletionPolicy).toBe('Delete');
    expect(table.Properties).toEqual({
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
      SSESpecification: { SSEEnabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
    });
  });

  it("is under the customer's key where there is one", () => {
    const [, { Properties }] = onlyResource(synthesize({ encryptionKeyArn: KEY_ARN }), 'AWS::DynamoDB::Table');
    expect(Properties.SSESpecification).toEqual({ KMSMasterKeyId: KEY_ARN, SSEEnabled: true, SSEType: 'KMS' });
  });
});

describe('the encryption key', () => {
  it('must be in the region of the stack', () => {
    const encryptionKeyArn = KEY_ARN.replace(REGION, 'us-east-1');
    const line = `tokenVending.encryptionKeyArn is "${encryptionKeyArn}": must be in eu-central-1, where the stack is`;
    expect(() => synthesize({ encryptionKeyArn })).toThrow(new ConfigError(line));
  });
});

describe('the outputs', () => {
  it('do not stand in the way of a profile or credential that is named like one', () => {
    const template = synthesize({
      credentials: { shop: {}, 'shop-secret-name': {} },
      profiles: {
        orders: { credential: 'shop' },
        'orders-url': { credential: 'shop' },
        'orders-function-name': { credential: 'shop' },
      },
    });
    expect(Object.keys(template.toJSON().Outputs)).toEqual(
      expect.arrayContaining(['ProfileOrdersUrl', 'ProfileOrdersUrlUrl', 'CredentialShopSecretNameSecretName']),
    );
  });

  it('are the names and URLs that operators and callers need', () => {
    const template = synthesize({
      credentials: { emporix: {}, 'other-shop': { secretName: 'other' }, third: { secretArn: secretArn(ACCOUNT) } },
      profiles: { default: { credential: 'emporix' }, 'catalog-reader': { credential: 'third' } },
    });
    const outputs = template.findOutputs('*');
    expect(Object.keys(outputs).sort()).toEqual([
      'CredentialEmporixSecretName',
      'CredentialOtherShopSecretName',
      'CredentialThirdSecretName',
      'ProfileCatalogReaderFunctionName',
      'ProfileCatalogReaderTokenEndpoint',
      'ProfileCatalogReaderUrl',
      'ProfileDefaultFunctionName',
      'ProfileDefaultTokenEndpoint',
      'ProfileDefaultUrl',
      'TokenTableName',
    ]);
    const secrets = Object.keys(resourcesOf(template, 'AWS::SecretsManager::Secret'));
    const emporix = secrets.find((id) => id.startsWith('CredentialEmporix'));
    expect(outputs.CredentialEmporixSecretName?.Value).toEqual({ Ref: emporix });
    expect(outputs.CredentialOtherShopSecretName?.Value).toBe('other');
    expect(outputs.CredentialThirdSecretName?.Value).toBe(secretArn(ACCOUNT));
    const url = outputs.ProfileDefaultUrl?.Value;
    expect(outputs.ProfileDefaultTokenEndpoint?.Value).toEqual({ 'Fn::Join': ['', [url, 'oauth/token']] });
  });

  it('stand in parameters as well, each under the names of stack and profile', () => {
    const template = synthesize({ profiles: { default: {}, 'catalog-reader': {} } });
    const outputs = template.findOutputs('*');
    const parameters = Object.values(resourcesOf(template, 'AWS::SSM::Parameter')).map(({ Properties }) => Properties);
    expect(parameters.map(({ Name, Type, Value }) => [Name, Type, Value])).toEqual([
      ['/token-vending/TokenVending/default/url', 'String', outputs.ProfileDefaultUrl?.Value],
      ['/token-vending/TokenVending/catalog-reader/url', 'String', outputs.ProfileCatalogReaderUrl?.Value],
    ]);
  });
});
