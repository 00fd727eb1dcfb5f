// moto, an emulator of Secrets Manager that nobody here wrote.

import { PythonEnvironment } from './processes/python.ts';
import { freePort, ServerProcess } from './processes/server.ts';

export const moto = new PythonEnvironment('moto', 'moto[server]==5.2.5');

export async function startMoto(): Promise<ServerProcess> {
  const port = await freePort();
  const command = [moto.program('moto_server'), '-H', '127.0.0.1', '-p', String(port)] as const;
  const server = new ServerProcess({ name: 'moto', port, command });
  await server.start();
  return server;
}
