// Composes the vend function from its settings and the world around it. Lambda, local mode and all tests use this
// composition.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../clock.ts';
import { Log } from '../log-line.ts';
import { TokenEndpoint } from '../oauth/token-endpoint.ts';
import { CredentialSource } from '../secrets/credential-source.ts';
import { SecretReader } from '../secrets/secret-reader.ts';
import { AuditLog } from './http/audit-log.ts';
import { createHandler, type Handler } from './http/handler.ts';
import type { Settings } from './settings.ts';
import { DynamoDbCredentialStore } from './store/dynamodb-credential-store.ts';
import { DynamoDbItems } from './store/dynamodb-items.ts';
import { DynamoDbTokenStore } from './store/dynamodb-token-store.ts';
import { MemoryCache } from './store/memory-cache.ts';
import { Telemetry } from './telemetry.ts';
import { CredentialKeeper } from './vending/credential-keeper.ts';
import { CredentialRecorder } from './vending/credential-recorder.ts';
import { MintLimits } from './vending/mint-limits.ts';
import { Minter } from './vending/minter.ts';
import { Minting } from './vending/minting.ts';
import { ScopePolicy } from './vending/scope-policy.ts';
import { TokenMemory } from './vending/token-memory.ts';
import { TokenReader } from './vending/token-reader.ts';
import { TokenVendor } from './vending/token-vendor.ts';
import { TokenWriter } from './vending/token-writer.ts';
import { warmUp } from './warm-up.ts';

export interface VendWorld {
  readonly dynamoDb: Pick<DynamoDBClient, 'send'>;
  readonly secretsManager: Pick<SecretsManagerClient, 'send'>;
  /** The region, for the commands that an operator is told to run. */
  readonly region: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Writes one log line, which ends with a line feed. */
  readonly write: (line: string) => void;
  /** @default the token endpoint of the settings, over HTTP */
  readonly tokenEndpoint?: Pick<TokenEndpoint, 'mint' | 'prepare' | 'rehearse'>;
}

export interface VendFunction {
  readonly handler: Handler;
  readonly vendor: TokenVendor;
  /** The tokens that this instance remembers. */
  readonly memory: TokenMemory;
  /**
   * Is called while the instance starts. Returns whether everything could be read that a request reads.
   * @param limit is aborted when the time for it is over
   */
  warmUp(limit: AbortSignal): Promise<boolean>;
}

export function createVendFunction(settings: Settings, world: VendWorld): VendFunction {
  const { clock, random } = world;
  const dimensions = { Stack: settings.stackName, Credential: settings.credential, Profile: settings.profile };
  const logTo = (write: VendWorld['write']) => new Log({ dimensions, of: 'Profile', clock, write });
  const log = logTo(world.write);
  const telemetry = new Telemetry(log);
  const { secretId, secretFields } = settings;
  const secretReader = new SecretReader({ client: world.secretsManager, secretId, secretFields, region: world.region });
  const source = new CredentialSource({ reader: secretReader, clock });
  const tokenEndpoint =
    world.tokenEndpoint ?? new TokenEndpoint({ ...settings, url: settings.tokenEndpoint, clock, random });
  const scopePolicy = new ScopePolicy(settings);
  const memory = new TokenMemory(new MemoryCache());
  const items = new DynamoDbItems(world.dynamoDb, settings.tableName);
  const store = new DynamoDbTokenStore(items, clock);
  const credentialStore = new DynamoDbCredentialStore(items, settings.credential, clock);
  const keeper = new CredentialKeeper({ source, store: credentialStore, telemetry, clock, random });
  const recorder = new CredentialRecorder({ keeper, store: credentialStore, telemetry, clock });
  const reader = new TokenReader({ memory, store, keeper, source, scopePolicy, telemetry, clock });
  const writer = new TokenWriter({ store, telemetry, clock, randomBytes: world.randomBytes });
  const minter = new Minter({ tokenEndpoint, keeper, recorder, source, scopePolicy, telemetry, clock });
  const limits = new MintLimits({ memory, keeper, source, clock });
  const minting = new Minting({
    scopePolicy,
    memory,
    reader,
    writer,
    minter,
    limits,
    keeper,
    recorder,
    source,
    clock,
    random,
  });
  const vendor = new TokenVendor({ scopePolicy, memory, reader, minting, limits, keeper, telemetry, clock, random });
  const handlerOf = (auditLog: AuditLog) => createHandler({ vendor, auditLog, clock, settings });
  return {
    handler: handlerOf(new AuditLog(log)),
    vendor,
    memory,
    warmUp: async (limit) => {
      // An audit log of its own: the other one would take the token's list of scopes for printed.
      const handler = handlerOf(new AuditLog(logTo(() => {})));
      return await warmUp({ scopePolicy, reader, keeper, tokenEndpoint, handler, clock }, limit);
    },
  };
}
