// A proxy in front of the stand-in of an AWS service. It records each request, and a suite can choose by the request
// which one fails, and how. The service's own faults concern all requests at once. Its answers are dated by the clock of
// the run: the SDK repeats a failed request once if the service's date is far from its own.

import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { ServiceError } from '../../local/faults.ts';
import { listen, readBody } from '../../local/http.ts';

const MAX_REQUEST_BYTES = 1024 * 1024;

/** A request of the protocols AWS JSON 1.0 and 1.1. */
export interface ServiceRequest {
  readonly operation: string;
  readonly input: Input;
  /** When it arrived. */
  readonly atMs: number;
}

/** The parameters of GetSecretValue, GetItem and UpdateItem that tell requests apart. */
interface Input {
  readonly VersionId?: string;
  readonly VersionStage?: string;
  readonly Key?: { readonly pk?: { readonly S?: string } };
  readonly UpdateExpression?: string;
}

export type ServiceFault =
  /** The request is refused, and never reaches the service. */
  | { readonly refusesWith: ServiceError }
  /** The service does the work, and the connection is cut instead of the answer. */
  | { readonly losesAnswer: true };

export class ServiceProxy {
  readonly requests: ServiceRequest[] = [];
  /** Is called for each request. It can be replaced at any time. @default no request fails */
  faultOf: (request: ServiceRequest) => ServiceFault | undefined = () => undefined;
  readonly url: string;
  readonly close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.close = close;
  }

  /** @param target the URL of the service */
  static async start(target: string, nowMs: () => number): Promise<ServiceProxy> {
    const agent = new Agent({ keepAlive: true });
    const server = createServer(async (incoming, response) => {
      const body = (await readBody(incoming, MAX_REQUEST_BYTES)) ?? Buffer.alloc(0);
      const received = parse(incoming, body, nowMs());
      proxy.requests.push(received);
      const date = new Date(nowMs()).toUTCString();
      const fault = proxy.faultOf(received);
      if (fault && 'refusesWith' in fault) return refuse(response.setHeader('date', date), fault.refusesWith);
      pass(incoming, body, { target, agent }, (answer) => {
        if (fault) return answer.resume().once('end', () => response.destroy());
        return answer.pipe(response.writeHead(answer.statusCode ?? 500, { ...answer.headers, date }));
      }).once('error', () => response.destroy());
    });
    const { url, close } = await listen(server);
    const proxy = new ServiceProxy(url, async () => {
      await close();
      agent.destroy();
    });
    return proxy;
  }
}

function parse(incoming: IncomingMessage, body: Buffer, atMs: number): ServiceRequest {
  const [, operation = ''] = String(incoming.headers['x-amz-target']).split('.');
  return { operation, input: JSON.parse(body.toString() || '{}'), atMs };
}

function pass(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  { target, agent }: { target: string; agent: Agent },
  onAnswer: (answer: IncomingMessage) => void,
) {
  return request(new URL(url ?? '/', target), { method, headers, agent }, onAnswer).end(body);
}

function refuse(response: ServerResponse, error: ServiceError): void {
  response.writeHead(error === 'InternalServerError' ? 500 : 400, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify({ __type: error, message: 'A fault of the proxy that was switched on' }));
}
