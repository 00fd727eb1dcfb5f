// Faults of the stand-ins for AWS services, which can be switched on and off while they run.

import type { RequestListener, Server, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';

/** A change applies to the requests that arrive after it. */
export interface Faults {
  /** Connections are cut before any work is done. */
  isDown: boolean;
  /** Each request waits this long before any work is done for it. */
  delayMs: number;
  /** Each request is refused with this error, which the SDK throws by its name. */
  refusesWith: ServiceError | undefined;
  /** The work is done, and the connection is cut instead of the answer. */
  losesAnswers: boolean;
}

/** Throttling of DynamoDB has the first two names, of Secrets Manager the second. */
export type ServiceError =
  | 'ProvisionedThroughputExceededException'
  | 'ThrottlingException'
  | 'AccessDeniedException'
  | 'ResourceNotFoundException'
  | 'InternalServerError';

/** Puts faults, none of which is switched on, before what the server does with requests. */
export function addFaults(server: Server): Faults {
  const faults: Faults = { isDown: false, delayMs: 0, refusesWith: undefined, losesAnswers: false };
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', async (request, response) => {
    const { isDown, delayMs, refusesWith, losesAnswers } = faults;
    // The delay must not keep the process alive.
    if (delayMs > 0) await setTimeout(delayMs, undefined, { ref: false });
    if (isDown) return request.socket.destroy();
    if (refusesWith) return refuse(response, refusesWith);
    if (losesAnswers) loseAnswer(response);
    for (const listener of listeners) listener.call(server, request, response);
  });
  return faults;
}

function refuse(response: ServerResponse, error: ServiceError): void {
  const status = error === 'InternalServerError' ? 500 : 400;
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify({ __type: error, message: 'A fault of the stand-in that was switched on' }));
}

function loseAnswer(response: ServerResponse): void {
  response.write = () => true;
  response.end = () => {
    response.socket?.destroy();
    return response;
  };
}
