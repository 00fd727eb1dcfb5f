// A Lambda function URL with AWS_IAM on 127.0.0.1. It checks the signature, runs the function in its instances, and, if
// that fails, answers as Lambda itself does.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { VEND_TIMEOUT_MS } from '../lambda/time-limits.ts';
import { type HttpResponse, toEvent, toResponse, toSignedRequest } from './function-url-event.ts';
import { type Listening, listen, readBody } from './http.ts';
import { Instances, type Outcome } from './instances.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from './names.ts';
import { findSignatureProblem } from './sigv4.ts';

/** The limit of a synchronous invocation. */
const MAX_BODY_BYTES = 6 * 1024 * 1024;

const SIGNER = { ...LOCAL_CREDENTIALS, region: LOCAL_REGION, service: 'lambda' } as const;

export interface FunctionUrlOptions {
  /** Holds `index.mjs`, which exports `handler`. */
  readonly codeDirectory: string;
  /** The function's whole environment. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** @default 'token-vending-local' */
  readonly functionName?: string;
  /** @default 512 */
  readonly memoryMb?: number;
  /** The maximum number of instances. @default 4 */
  readonly instances?: number;
  /** @default VEND_TIMEOUT_MS, as the stack sets it */
  readonly timeoutMs?: number;
  /** 0 means any free port. @default 0 */
  readonly port?: number;
  /** Is called with what the instances print. @default standard output */
  readonly write?: (text: string) => void;
  /** Is called with how each call of the function ended. */
  readonly onOutcome?: (outcome: Outcome) => void;
  readonly nowMs?: () => number;
}

type Answer = HttpResponse & { readonly errorType?: string };

export interface LocalFunctionUrl extends Listening {
  /** Replaces the instances, as a deployment does. Requests that are running are answered first. */
  restart(): Promise<void>;
}

export async function startFunctionUrl(options: FunctionUrlOptions): Promise<LocalFunctionUrl> {
  const instances = new Instances({
    codeDirectory: options.codeDirectory,
    environment: options.environment ?? {},
    functionName: options.functionName ?? 'token-vending-local',
    memoryMb: options.memoryMb ?? 512,
    limit: options.instances ?? 4,
    timeoutMs: options.timeoutMs ?? VEND_TIMEOUT_MS,
    write: options.write ?? ((text) => process.stdout.write(text)),
  });
  const nowMs = options.nowMs ?? Date.now;
  const server = createServer(async (request, response) => {
    const requestId = randomUUID();
    const invoke = async (event: object) => {
      const outcome = await instances.invoke(event, requestId);
      options.onOutcome?.(outcome);
      return outcome;
    };
    const answer = await answerRequest(request, requestId, invoke, nowMs()).catch(() => INTERNAL_ERROR);
    send(response, requestId, answer);
  });
  const { url, close } = await listen(server, options.port);
  return {
    url,
    restart: () => instances.replaceAll(),
    close: async () => void (await Promise.all([close(), instances.close()])),
  };
}

async function answerRequest(
  request: IncomingMessage,
  requestId: string,
  invoke: (event: object) => Promise<Outcome>,
  nowMs: number,
): Promise<Answer> {
  const body = await readBody(request, MAX_BODY_BYTES);
  if (!body) return TOO_LARGE;
  const signedRequest = toSignedRequest(request, body);
  if (!signedRequest) return BAD_REQUEST;
  const refusal = findSignatureProblem(signedRequest, SIGNER, nowMs);
  if (refusal) return lambdaError(403, refusal.errorType, refusal.body);
  const { remoteAddress = '', localPort = 0 } = request.socket;
  const { accessKeyId } = LOCAL_CREDENTIALS;
  const event = toEvent(signedRequest, { requestId, accessKeyId, sourceIp: remoteAddress, port: localPort, nowMs });
  const outcome = await invoke(event);
  if (outcome.kind === 'throttled') return THROTTLED;
  return (outcome.kind === 'result' && toResponse(outcome.result)) || INTERNAL_ERROR;
}

function send(response: ServerResponse, requestId: string, answer: Answer): void {
  const { status, headers, body, errorType } = answer;
  response.writeHead(status, {
    ...headers,
    'content-length': body.length,
    'x-amzn-requestid': requestId,
    ...(errorType && { 'x-amzn-errortype': errorType }),
  });
  response.end(body);
}

function lambdaError(status: number, errorType: string, body: object): Answer {
  const headers = { 'content-type': 'application/json' };
  return { status, headers, body: Buffer.from(JSON.stringify(body)), errorType };
}

const THROTTLED = lambdaError(429, 'TooManyRequestsException', {
  Reason: 'ConcurrentInvocationLimitExceeded',
  Type: 'User',
  message: 'Rate Exceeded.',
});

const TOO_LARGE = lambdaError(413, 'RequestTooLargeException', {
  message: `Request must be smaller than ${MAX_BODY_BYTES} bytes for the InvokeFunction operation`,
});

const BAD_REQUEST = lambdaError(400, 'BadRequestException', { message: 'Bad Request' });

/** The function threw, exceeded its time-out, died or returned no response. Lambda's answer is not JSON. */
const INTERNAL_ERROR: Answer = {
  status: 502,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from('Internal Server Error'),
};
