// A port in front of a server. While it is shut, connections are refused; then it can be opened again.

import { connect, createServer, type Server, type Socket } from 'node:net';

export class Gate {
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  /** @param targetPort on 127.0.0.1 */
  constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  get port(): number {
    return this.#port;
  }

  /** Opens on the same port each time. */
  async open(): Promise<void> {
    const server = createServer((socket) => this.#pass(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the gate has no port');
    this.#port = address.port;
    this.#server = server;
  }

  /** Also cuts the connections that are open. */
  async shut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #pass(incoming: Socket): void {
    const outgoing = connect(this.#targetPort, '127.0.0.1');
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.on('error', () => {}); // a close follows
    }
    incoming.pipe(outgoing);
    outgoing.pipe(incoming);
  }
}
