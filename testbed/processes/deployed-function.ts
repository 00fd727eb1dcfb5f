// The deployed bundle of a profile that allows all scopes, for instances in processes of their own, with a table and a
// secret of its own.

import { DEFAULT_SECRET_FIELDS, secretJson } from '../../lambda/secrets/secret-value.ts';
import { writeVendCode } from '../../lib/vend-code.ts';
import { lambdaEnvironment, vendEnvironment } from '../../local/function-environment.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import type { Opened } from '../opened.ts';
import type { Database } from './database.ts';
import { DEPLOYED_FUNCTION, type Program } from './instance.ts';

interface Client {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface DeployedFunction {
  readonly program: Program;
  readonly secretsManagerUrl: string;
  /** The ARN of the credential's secret. */
  readonly secretId: string;
}

export async function deployFunction(
  opened: Opened,
  client: Client,
  database: Database,
  tableName: string,
): Promise<DeployedFunction> {
  const code = await opened.keep(temporaryFolder());
  writeVendCode(code.path, { clientAuthentication: 'client_secret_post' });
  const secretsManager = await opened.keep(startSecretsManager());
  await database.createTable(tableName);
  const secret = secretJson(DEFAULT_SECRET_FIELDS, client.clientId, client.clientSecret);
  const secretId = secretsManager.put('token-vending/emporix', secret);
  const env = {
    ...lambdaEnvironment('token-vending-processes', code.path),
    ...vendEnvironment({
      profileName: 'default',
      credentialName: 'emporix',
      tokenEndpoint: client.tokenEndpoint,
      dynamodb: { url: database.url, tableName },
      secretsManager: { url: secretsManager.url, secretId },
    }),
  };
  return { program: { path: DEPLOYED_FUNCTION, env }, secretsManagerUrl: secretsManager.url, secretId };
}
