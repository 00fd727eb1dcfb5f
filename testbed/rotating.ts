// A rotation with everything that it needs: a secret in a Secrets Manager over HTTP (the stand-in, or another one), an
// authorization server with several clients, and the actions of the operator and of Secrets Manager.

import { randomUUID } from 'node:crypto';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../lambda/clock.ts';
import { TokenEndpoint } from '../lambda/oauth/token-endpoint.ts';
import { createRotateFunction, type RotateFunction } from '../lambda/rotate/rotate-function.ts';
import type { RotationFile } from '../lambda/rotate/settings.ts';
import type { Misbehaviour } from '../local/authorization-server.ts';
import { LOCAL_REGION, STAND_IN_CLIENT } from '../local/names.ts';
import { type ServedAuthorizationServer, startAuthorizationServer } from '../local/serve-authorization-server.ts';
import { type ROTATION_STEPS, SecretOperator } from './secret-operator.ts';

export type Step = (typeof ROTATION_STEPS)[number];

/** The scopes and the tenant that the authorization server grants to a client. */
export interface Holding {
  readonly scopes: readonly string[];
  /** @default 'shop' */
  readonly tenant?: string;
}

export interface StageOptions {
  /** The URL of a Secrets Manager. */
  readonly endpoint: string;
  /** The clients by their IDs. The secret of a client is its ID followed by `-secret`. */
  readonly clients: Readonly<Record<string, Holding>>;
  readonly profiles: RotationFile['profiles'];
  readonly tenant?: string | undefined;
  readonly secretFields?: RotationFile['secretFields'];
  /** The secret's first value. @default the credential of the client `old` */
  readonly current?: string;
  /**
   * False if RotateSecret does more than begin a rotation (moto makes the version current at once). In that case only
   * its rule about AWSPENDING is checked.
   * @default true
   */
  readonly hasRotateSecret?: boolean;
  /** Called for each request of a token. Undefined stands for a correct answer. @default undefined */
  readonly misbehave?: (clientId: string) => Misbehaviour | undefined;
}

export const credentialOf = (clientId: string, clientSecret = `${clientId}-secret`) =>
  JSON.stringify({ client_id: clientId, client_secret: clientSecret });

export type Stage = Awaited<ReturnType<typeof openStage>>;

export async function openStage(options: StageOptions) {
  const emporix = await startServer(options);
  const client = newClient(options.endpoint);
  const { ARN: secretId = '', VersionId: first = '' } = await client.send(
    new CreateSecretCommand({ Name: `shop/${randomUUID()}`, SecretString: options.current ?? credentialOf('old') }),
  );
  const printed: string[] = [];
  const operator = new SecretOperator(options.endpoint, secretId);
  const faults = injectFaults(client);
  const rotateFunction = rotateFunctionOf(options, { client, secretId, emporix, write: (line) => printed.push(line) });
  /** Begins as `aws secretsmanager rotate-secret` does: it makes a version without a value, labelled AWSPENDING. */
  const begin = async () => {
    if (options.hasRotateSecret !== false) return await operator.beginRotation();
    const { AWSPENDING, AWSCURRENT } = await operator.labels();
    if (AWSPENDING !== undefined && AWSPENDING !== AWSCURRENT) throw new Error('another rotation is in progress');
    return randomUUID();
  };
  return {
    rotateFunction,
    secretId,
    first,
    emporix,
    printed,
    faults,
    put: (value: string | Uint8Array, ...labels: string[]) => operator.putValue(value, ...labels),
    move: (label: string, from?: string, to?: string) => operator.move(label, from, to),
    begin,
    step: (step: Step, version: string) => operator.runSteps(rotateFunction, version, [step]),
    rotate: (version: string) => operator.runSteps(rotateFunction, version),
    labels: () => operator.labels(),
    current: () => operator.current(),
    async close() {
      client.destroy();
      await Promise.all([operator.close(), emporix.close()]);
    },
  };
}

function newClient(endpoint: string): SecretsManagerClient {
  return new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint, maxAttempts: 1 });
}

async function startServer({ clients, misbehave }: StageOptions): Promise<ServedAuthorizationServer> {
  const server = await startAuthorizationServer({
    expiresInSeconds: 3600,
    respondWith: ({ params }) => misbehave?.(params.client_id ?? ''),
    // The server encodes these bytes as base64url, which gives the token's text.
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
  { profiles, tenant, secretFields }: StageOptions,
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
    stackName: 'TokenVending',
    credential: 'shop',
    secretId,
    tokenEndpoint: emporix.tokenEndpoint,
    clientAuthentication: 'client_secret_post',
    profiles,
    ...(tenant !== undefined && { tenant }),
    ...(secretFields && { secretFields }),
  } as const;
  const world = { secretsManager: client, region: LOCAL_REGION, clock, random: () => 0.5, write, tokenEndpoint };
  return createRotateFunction(settings, world);
}

/**
 * Simulates a crash after a number of calls of Secrets Manager: the last call takes effect, but its answer is lost, and
 * all later calls fail. It can also lose the answer of one call only.
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
