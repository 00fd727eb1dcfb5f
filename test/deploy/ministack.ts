// MiniStack, an emulator of AWS that enforces IAM and verifies signatures, in a Python environment of the project's own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { installPython } from './python.ts';

const PACKAGES = ['ministack==1.5.33', 'awscli==1.46.3'];
export const VENV = join(import.meta.dirname, '../../.venv-ministack');
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;

export const ACCOUNT = '000000000000';
export const REGION = 'eu-central-1';
/** Of the account's root, as MiniStack has it. */
export const ROOT_KEYS = { accessKeyId: 'test', secretAccessKey: 'test' };

export interface MiniStack {
  readonly port: number;
  /** For programs that are to talk to it and to nothing else, as the account's root. */
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** Makes the Python environment unless it is there already. */
export async function installMiniStack(signal: AbortSignal): Promise<void> {
  await installPython(VENV, PACKAGES, signal);
}

/** Starts it on a free port; what it writes goes into the given folder. */
export async function startMiniStack(cwd: string): Promise<MiniStack> {
  const port = await freePort();
  const env = { ...environment(port), TMPDIR: cwd };
  // A group of its own, so that what it starts (a Node.js process per function) ends with it.
  const child = spawn(join(VENV, 'bin', 'ministack'), [], { cwd, env, detached: true, stdio: 'ignore' });
  const stop = () => stopGroup(child);
  try {
    await untilReady(`http://127.0.0.1:${port}`, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, env, stop };
}

function environment(port: number): NodeJS.ProcessEnv {
  const endpoint = `http://127.0.0.1:${port}`;
  const { AWS_PROFILE, AWS_DEFAULT_PROFILE, AWS_SESSION_TOKEN, ...inherited } = process.env;
  return {
    ...inherited,
    PATH: `${join(VENV, 'bin')}:${process.env.PATH}`,
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`MiniStack ended with ${child.exitCode}`);
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await setTimeout(200);
  }
  throw new Error('MiniStack was not ready in time');
}

async function stopGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const exited = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
  signalGroup(pid, 'SIGTERM');
  await Promise.race([exited, setTimeout(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // the group has ended
  }
}
