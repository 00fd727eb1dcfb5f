// A process of the stand-ins: DynamoDB, Secrets Manager with the credential, and Emporix, which grants whatever is asked.
// All candidates use the same process, and it takes none of their time.

import { startDynamoDb } from '../local/dynamodb.ts';
import { createSecret, vendEnvironment } from '../local/function-environment.ts';
import { startSecretsManager } from '../local/secrets-manager.ts';
import { startAuthorizationServer } from '../local/serve-authorization-server.ts';
import { SCOPES } from './children/scope-sets.mjs';

const [dynamodb, secrets, emporix] = await Promise.all([
  startDynamoDb(),
  startSecretsManager(),
  startAuthorizationServer({ scopes: SCOPES }),
]);
const secretId = await createSecret(secrets.url, 'token-vending/emporix', emporix);

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
