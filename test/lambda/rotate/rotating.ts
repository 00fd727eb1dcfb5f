// A rotation with all that it needs: a secret in a Secrets Manager that speaks HTTP (the stand-in, or another), an
// authorization server that knows several clients, and the operator's and Secrets Manager's own moves.

import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../../../lambda/clock.ts';
import { TokenEndpoint } from '../../../lambda/oauth/token-endpoint.ts';
import { createRotateFunction, type RotateFunction } from '../../../lambda/rotate/rotate-function.ts';
import type { RotationFile } from '../../../lambda/rotate/settings.ts';
import type { Misbehaviour } from '../../../local/authorization-server.ts';
import { LOCAL_REGION, STAND_IN_CLIENT } from '../../../local/names.ts';
import { type ServedAuthorizationServer, startAuthorizationServer } from '../../../local/serve-authorization-server.ts';

export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type Step = (typeof STEPS)[number];

/** What a client holds at the authorization server. */
export interface Holding {
  readonly scopes: readonly string[];
  /** @default 'shop' */
  readonly tenant?: string;
}

export interface StageOptions {
  /** Of a Secrets Manager. */
  readonly endpoint: string;
  /** By client ID; the secret of each is its ID with `-secret` behind it. */
  readonly clients: Readonly<Record<string, Holding>>;
  readonly profiles: RotationFile['profiles'];
  readonly tenant?: string | undefined;
  /** The secret's first value. @default that of the client `old` */
  readonly current?: string;
  /** False where RotateSecret does more than begin (moto's promotes at once): then only its rule is applied. @default true */
  readonly hasRotateSecret?: boolean;
  /** Asked at each request of a token; undefined is the usual answer. */
  readonly misbehave?: (clientId: string) => Misbehaviour | undefined;
}

export const credentialOf = (clientId: string, clientSecret = `${clientId}-secret`) =>
  JSON.stringify({ client_id: clientId, client_secret: clientSecret });

export type Stage = Awaited<ReturnType<typeof openStage>>;

export async function openStage(options: StageOptions) {
  const emporix = await startServer(options);
  const operator = newClient(options.endpoint);
  const { ARN: secretId = '', VersionId: first = '' } = await operator.send(
    new CreateSecretCommand({ Name: `shop/${randomUUID()}`, SecretString: options.current ?? credentialOf('old') }),
  );
  const printed: string[] = [];
  const client = newClient(options.endpoint);
  const faults = injectFaults(client);
  const rotateFunction = rotateFunctionOf(options, { client, secretId, emporix, write: (line) => printed.push(line) });

  const { put, move, begin, labels, current } = operatorOf(operator, secretId, options);
  const step = (Step: string, version: string) =>
    rotateFunction({ Step, SecretId: secretId, ClientRequestToken: version, RotationToken: 'role-session' });
  const rotate = async (version: string) => {
    for (const each of STEPS) await step(each, version);
  };
  const close = async () => {
    for (const open of [operator, client]) open.destroy();
    await emporix.close();
  };
  return {
    rotateFunction,
    secretId,
    first,
    emporix,
    printed,
    faults,
    put,
    move,
    begin,
    step,
    rotate,
    labels,
    current,
    close,
  };
}

/** What an operator does with the AWS CLI. */
function operatorOf(operator: SecretsManagerClient, secretId: string, { hasRotateSecret = true }: StageOptions) {
  const put = async (SecretString: string, ...VersionStages: string[]) => {
    const command = new PutSecretValueCommand({ SecretId: secretId, SecretString, VersionStages });
    return (await operator.send(command)).VersionId ?? '';
  };
  const move = (VersionStage: string, from?: string, to?: string) =>
    operator.send(
      new UpdateSecretVersionStageCommand({
        SecretId: secretId,
        VersionStage,
        RemoveFromVersionId: from,
        MoveToVersionId: to,
      }),
    );
  /** What `aws secretsmanager rotate-secret` does before it calls the function: an empty version, labelled AWSPENDING. */
  const begin = async () => {
    const ClientRequestToken = randomUUID();
    if (!hasRotateSecret) {
      const { AWSPENDING, AWSCURRENT } = await labels();
      if (AWSPENDING !== undefined && AWSPENDING !== AWSCURRENT) throw new Error('another rotation is in progress');
      return ClientRequestToken;
    }
    await operator.send(new RotateSecretCommand({ SecretId: secretId, ClientRequestToken }));
    return ClientRequestToken;
  };
  /** The version of each label. */
  const labels = async () => {
    const { VersionIdsToStages = {} } = await operator.send(new DescribeSecretCommand({ SecretId: secretId }));
    const pairs = Object.entries(VersionIdsToStages).flatMap(([version, on]) => on.map((label) => [label, version]));
    return Object.fromEntries(pairs) as Record<string, string>;
  };
  const current = async () => {
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: 'AWSCURRENT' });
    return (await operator.send(command)).SecretString;
  };
  return { put, move, begin, labels, current };
}

function newClient(endpoint: string): SecretsManagerClient {
  return new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint, maxAttempts: 1 });
}

async function startServer({ clients, misbehave }: StageOptions): Promise<ServedAuthorizationServer> {
  const server = await startAuthorizationServer({
    expiresInSeconds: 3600,
    respondWith: ({ params }) => misbehave?.(params.client_id ?? ''),
    // Read back as base64url, the bytes are the token's text.
    random: () => Buffer.from(`canary-${randomUUID()}`.padEnd(44, '-'), 'base64url'),
  });
  for (const [clientId, { scopes, tenant = 'shop' }] of Object.entries(clients)) {
    server.accept(`${clientId}-secret`, { clientId, scopes, tenant });
  }
  return server;
}

interface Parts {
  readonly client: SecretsManagerClient;
  readonly secretId: string;
  readonly emporix: ServedAuthorizationServer;
  readonly write: (line: string) => void;
}

function rotateFunctionOf(
  { profiles, tenant }: StageOptions,
  { client, secretId, emporix, write }: Parts,
): RotateFunction {
  const clock = { ...systemClock, sleep: async () => {} };
  const tokenEndpoint = new TokenEndpoint({
    url: emporix.tokenEndpoint,
    clientAuthentication: 'client_secret_post',
    clock,
    random: () => 0.5,
    limits: { connectTimeoutMs: 1000, requestTimeoutMs: 500, bodyBytes: 65_536, retryAfterMs: 1000 },
  });
  const settings = {
    credential: 'shop',
    secretId,
    tokenEndpoint: emporix.tokenEndpoint,
    clientAuthentication: 'client_secret_post',
    profiles,
    ...(tenant !== undefined && { tenant }),
  } as const;
  const world = { secretsManager: client, region: LOCAL_REGION, clock, random: () => 0.5, write, tokenEndpoint };
  return createRotateFunction(settings, world);
}

/**
 * Ends the process, as it were, after a number of calls of Secrets Manager: the last one was done, its answer is lost. Or
 * loses the answer of one call only.
 */
function injectFaults(client: SecretsManagerClient) {
  const faults = { calls: 0, crashAfter: Number.POSITIVE_INFINITY, loseAnswerOf: 0 };
  client.middlewareStack.add(
    (next) => async (args) => {
      if (faults.calls >= faults.crashAfter) throw new Error('crashed');
      faults.calls++;
      const answer = await next(args);
      if (faults.calls >= faults.crashAfter || faults.calls === faults.loseAnswerOf) throw new Error('crashed');
      return answer;
    },
    { step: 'initialize' },
  );
  return faults;
}
