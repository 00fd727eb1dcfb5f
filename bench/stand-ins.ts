// A process of the stand-ins: DynamoDB, Secrets Manager with the credential, and Emporix, which grants whatever is asked.
// All candidates use the same process, and it takes none of their time.

import { DEFAULT_SECRET_FIELDS, secretJson } from '../lambda/secrets/secret-value.ts';
import { startDynamoDb } from '../local/dynamodb.ts';
import { vendEnvironment } from '../local/function-environment.ts';
import { startSecretsManager } from '../local/secrets-manager.ts';
import { startAuthorizationServer } from '../local/serve-authorization-server.ts';
import { SCOPES } from './children/scope-sets.mjs';

const [dynamodb, secrets, emporix] = await Promise.all([
  startDynamoDb(),
  startSecretsManager(),
  startAuthorizationServer({ scopes: SCOPES }),
]);
const secret = secretJson(DEFAULT_SECRET_FIELDS, emporix.clientId, emporix.clientSecret);
const secretId = secrets.put('token-vending/emporix', secret);

process.on('disconnect', () => process.exit());
process.send?.(
  vendEnvironment({
    profileName: 'default',
    credentialName: 'emporix',
    tokenEndpoint: emporix.tokenEndpoint,
    dynamodb,
    secretsManager: { ...secrets, secretId },
  }),
);
