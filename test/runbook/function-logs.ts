// Where functions log, and which one rotates the secret: moto and the local Secrets Manager leave that out of their
// answers. These servers pass requests on, and complete the answers.

import { createServer, type IncomingMessage } from 'node:http';
import { type Listening, listen, readBody } from '../../local/http.ts';
import { LOCAL_REGION } from '../../local/names.ts';

/** The names of the functions that vend nothing. */
export const CANARY = 'canary';
export const ROTATION = 'rotation';

/** The account of all that moto holds. */
const ACCOUNT = '123456789012';
const MAX_REQUEST_BYTES = 1024 * 1024;
const PASSED_HEADERS = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'];

/** What an object of an answer lacks. */
type Missing = (object: Readonly<Record<string, unknown>>) => object;

export function logGroupOf(functionName: string): string {
  return `/aws/lambda/${functionName}`;
}

export async function startLambda(moto: string): Promise<Listening> {
  return await startCompleting(moto, ({ FunctionName }) =>
    typeof FunctionName === 'string' ? { LoggingConfig: { LogGroup: logGroupOf(FunctionName) } } : {},
  );
}

export async function startSecretsManager(local: string): Promise<Listening> {
  const RotationLambdaARN = `arn:aws:lambda:${LOCAL_REGION}:${ACCOUNT}:function:${ROTATION}`;
  return await startCompleting(local, ({ VersionIdsToStages }) =>
    VersionIdsToStages === undefined ? {} : { RotationLambdaARN },
  );
}

async function startCompleting(target: string, missing: Missing): Promise<Listening> {
  const server = createServer(async (request, response) => {
    const answer = await pass(request, target);
    const text = await answer.text();
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(text.startsWith('{') ? JSON.stringify(JSON.parse(text, complete)) : text);
  });
  function complete(_: string, value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return { ...value, ...missing(value as Readonly<Record<string, unknown>>) };
  }
  return await listen(server);
}

async function pass(request: IncomingMessage, target: string): Promise<Response> {
  const { method = 'GET', url } = request;
  const body = await readBody(request, MAX_REQUEST_BYTES);
  const headers = PASSED_HEADERS.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  return await fetch(`${target}${url}`, { method, headers, ...(body?.length ? { body } : {}) });
}
