// A front for a stand-in as AWS's services have it: TLS, and a way to go. Each direction takes half of the round trip.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';

const ONE_WAY_MS = 1.5;

export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
}

/** A certificate of its own for 127.0.0.1, in a folder. Undefined where there is no openssl. */
export function makeCertificate(folder: string): Certificate | undefined {
  const [certPath, keyPath] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  try {
    execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-days', '2', '-out', certPath], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return { certPath, keyPath };
}

/** Returns the URL of the front, which it has until the process ends. It doesn't keep the process. */
export async function startTlsFront(target: string, { certPath, keyPath }: Certificate): Promise<string> {
  const { port, pathname } = new URL(target);
  const server = createServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) }, (incoming) => {
    const outgoing = connect(Number(port), '127.0.0.1').setNoDelay(true);
    pass(incoming, outgoing);
    pass(outgoing, incoming);
  });
  server.on('connection', (socket: Socket) => socket.setNoDelay(true));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}${pathname === '/' ? '' : pathname}`;
}

/** Bytes arrive later, and in order. */
function pass(from: Socket, to: Socket): void {
  from.on('data', (chunk) => void setTimeout(() => to.write(chunk), ONE_WAY_MS));
  from.on('close', () => void setTimeout(() => to.end(), ONE_WAY_MS));
  from.on('error', () => to.destroy());
}
