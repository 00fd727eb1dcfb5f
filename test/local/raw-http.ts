// Sends a request byte by byte as it is written, which HTTP clients don't do: they encode targets and join headers.

import { connect } from 'node:net';

/** Returns the status and the body of the response. The request should ask for `Connection: close`. */
export async function sendRaw(url: string, lines: readonly string[]): Promise<{ status: number; body: string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const response = Buffer.concat(chunks).toString();
  return { status: Number(response.split(' ')[1]), body: response.slice(response.indexOf('\r\n\r\n') + 4) };
}
