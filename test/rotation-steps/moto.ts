// moto, a Secrets Manager that no one here wrote, in a Python environment of the project's own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installPython } from '../deploy/python.ts';

const PACKAGE = 'moto[server]==5.2.5';
const VENV = join(import.meta.dirname, '../../.venv-moto');
const SERVER = join(VENV, 'bin', 'moto_server');

export interface Moto {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Makes the Python environment unless it is there already. */
export async function installMoto(signal: AbortSignal): Promise<void> {
  await installPython(VENV, [PACKAGE], signal);
}

/** Starts it on a port that the system chooses, which it prints. */
export async function startMoto(signal: AbortSignal): Promise<Moto> {
  const child = spawn(SERVER, ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => end(child);
  try {
    return { endpoint: await printedAddress(child, signal), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function printedAddress(child: ChildProcess, signal: AbortSignal): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('moto has no output');
  stdout.resume();
  const lines = createInterface({ input: stderr });
  const address = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`moto ended with ${code}`)));
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return await address;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
