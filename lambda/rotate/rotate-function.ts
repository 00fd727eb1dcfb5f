// Composes the rotation function from its settings and the world around it.

import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../clock.ts';
import { Log } from '../log-line.ts';
import { TokenEndpoint } from '../oauth/token-endpoint.ts';
import { DEFAULT_SECRET_FIELDS } from '../secrets/secret-value.ts';
import { Comparison } from './comparison.ts';
import { OperatorCommands } from './operator-commands.ts';
import { Rotation } from './rotation.ts';
import { RotationLog } from './rotation-log.ts';
import type { RotationSettings } from './settings.ts';
import { StagedSecret } from './staged-secret.ts';

export interface RotateWorld {
  readonly secretsManager: Pick<SecretsManagerClient, 'send'>;
  /** The region, for the commands that an operator is told to run. */
  readonly region: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Writes one log line, which ends with a line feed. */
  readonly write: (line: string) => void;
  /** @default the token endpoint of the settings, over HTTP */
  readonly tokenEndpoint?: Pick<TokenEndpoint, 'mint'>;
}

/** Runs the step of a rotation that Secrets Manager's event names. */
export type RotateFunction = (event: unknown) => Promise<void>;

export function createRotateFunction(settings: RotationSettings, world: RotateWorld): RotateFunction {
  const { clock, random, region } = world;
  const { stackName, credential, profiles, secretId, secretFields = DEFAULT_SECRET_FIELDS, tenant } = settings;
  const dimensions = { Stack: stackName, Credential: credential };
  const log = new Log({ dimensions, of: 'Credential', clock, write: world.write });
  const tokenEndpoint =
    world.tokenEndpoint ?? new TokenEndpoint({ ...settings, url: settings.tokenEndpoint, clock, random });
  const rotation = new Rotation({
    secret: new StagedSecret(world.secretsManager, secretId, secretFields),
    comparison: new Comparison({ profiles, tenant, tokenEndpoint, clock }),
    log: new RotationLog(log),
    secretId,
    commands: new OperatorCommands(secretId, secretFields, region),
  });
  return (event) => rotation.run(event);
}
