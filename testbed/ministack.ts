// MiniStack, an emulator of AWS that enforces IAM and verifies signatures, with the AWS CLI beside it.

import { join } from 'node:path';
import { PythonEnvironment } from './processes/python.ts';
import { freePort, ServerProcess } from './processes/server.ts';

export const miniStackPython = new PythonEnvironment('ministack', 'ministack==1.5.33', 'awscli==1.46.3');

export const ACCOUNT = '000000000000';
export const REGION = 'eu-central-1';
/** MiniStack's keys of the account's root. */
export const ROOT_KEYS = { accessKeyId: 'test', secretAccessKey: 'test' };

export interface MiniStack {
  readonly port: number;
  /** For programs that call MiniStack and nothing else, as the account's root. */
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** @param cwd the folder that MiniStack writes its files into */
export async function startMiniStack(cwd: string): Promise<MiniStack> {
  const port = await freePort();
  const env = { ...environment(port), TMPDIR: cwd };
  const server = new ServerProcess({
    name: 'MiniStack',
    port,
    command: [miniStackPython.program('ministack')],
    cwd,
    env,
  });
  await server.start();
  return { port, env, stop: () => server.stop() };
}

function environment(port: number): NodeJS.ProcessEnv {
  const endpoint = `http://127.0.0.1:${port}`;
  const { AWS_PROFILE, AWS_DEFAULT_PROFILE, AWS_SESSION_TOKEN, ...inherited } = process.env;
  return {
    ...inherited,
    PATH: `${join(miniStackPython.folder, 'bin')}:${process.env.PATH}`,
    AUTH: 'true',
    BIND_HOST: '127.0.0.1',
    MINISTACK_HOST: 'localhost',
    IOT_MTLS_ENABLED: '0',
    GATEWAY_PORT: String(port),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: ROOT_KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ROOT_KEYS.secretAccessKey,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
