// What one scenario runs on: an authorization server, the table and the secret behind proxies that record requests, and
// processes of the deployed bundle. All of them share one clock, which the scenario moves forward.

import type { ProfileFile } from '../../lambda/vend/settings.ts';
import { writeVendCode } from '../../lib/vend-code.ts';
import { type ServedAuthorizationServer, startAuthorizationServer } from '../../local/serve-authorization-server.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { Opened } from '../../testbed/opened.ts';
import type { Database } from '../../testbed/processes/database.ts';
import { deployFunction } from '../../testbed/processes/deployed-function.ts';
import { ProcessFleet } from '../../testbed/processes/fleet.ts';
import type { Program } from '../../testbed/processes/instance.ts';
import { AnswerLedger } from '../../testbed/processes/ledger.ts';
import { RunClock } from '../../testbed/processes/run-clock.mjs';
import { ServiceProxy } from '../../testbed/processes/service-proxy.ts';
import { SecretOperator } from '../../testbed/secret-operator.ts';
import { TokenTable } from './token-table.ts';

export const LIFETIME_SECONDS = 600;
/** A lifetime and a little more: all tokens have ended by then. */
export const LIFETIME_OVER_MS = (LIFETIME_SECONDS + 10) * 1000;
/** By then each process has read the credential again. */
export const CREDENTIAL_READ_MS = 51_000;
export const SCOPES: readonly string[] = Array.from({ length: 128 }, (_, index) => `adversity.key_${index}`);

export interface Setup {
  readonly server: ServedAuthorizationServer;
  readonly dynamodb: ServiceProxy;
  readonly secretsManager: ServiceProxy;
  readonly table: TokenTable;
  readonly tableName: string;
  readonly operator: SecretOperator;
  /** Every answer is added to it by `ask`. */
  readonly ledger: AnswerLedger;
  nowMs(): number;
  /** Moves the clock of everything forward. */
  forward(ms: number): void;
  /**
   * Starts processes.
   * @param profile what differs from a profile that allows all scopes
   * @param onOutput is called with what they print. @default it is not read
   */
  start(size: number, profile?: Partial<ProfileFile>, onOutput?: Program['onOutput']): Promise<ProcessFleet>;
  close(): Promise<void>;
}

let tables = 0;

export async function setUp(database: Database): Promise<Setup> {
  return await Opened.build(async (opened) => {
    const clock = new RunClock(Date.now(), 1);
    const nowMs = () => clock.nowMs();
    const server = await opened.keep(
      startAuthorizationServer({ scopes: SCOPES, expiresInSeconds: LIFETIME_SECONDS, nowMs }),
    );
    const tableName = `token-vending-adversity-${++tables}`;
    const { program, ...secret } = await deployFunction(opened, server, database, tableName);
    const dynamodb = await opened.keep(ServiceProxy.start(database.url, nowMs));
    const secretsManager = await opened.keep(ServiceProxy.start(secret.secretsManagerUrl, nowMs));
    const endpoints = {
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    };
    const fleets: ProcessFleet[] = [];
    return {
      server,
      dynamodb,
      secretsManager,
      table: await opened.keep(new TokenTable(database.url, tableName)),
      tableName,
      operator: await opened.keep(new SecretOperator(secret.secretsManagerUrl, secret.secretId)),
      ledger: new AnswerLedger(server),
      nowMs,
      forward(ms) {
        clock.forward(ms);
        for (const fleet of fleets) fleet.forward(ms);
      },
      async start(size, profile, onOutput) {
        const env = { ...program.env, ...endpoints, ...clock.environment() };
        const printing = { ...program, env, ...(onOutput && { onOutput }) };
        const deployed = await withProfile(opened, printing, profile);
        const fleet = await opened.keep(ProcessFleet.start(deployed, size));
        fleets.push(fleet);
        return fleet;
      },
      close: () => opened.close(),
    };
  });
}

/** Another deploy of the same function, with another profile file. */
async function withProfile(opened: Opened, program: Program, profile?: Partial<ProfileFile>): Promise<Program> {
  if (profile === undefined) return program;
  const code = await opened.keep(temporaryFolder());
  writeVendCode(code.path, { clientAuthentication: 'client_secret_post', ...profile });
  return { ...program, env: { ...program.env, LAMBDA_TASK_ROOT: code.path } };
}
