// One instance of the function, in a worker thread: imports the deployed code as Lambda's runtime does, then runs one
// request after the other. Plain JavaScript, because a worker has only what Lambda has: no TypeScript loader.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * @typedef {{ codeDirectory: string, functionName: string, functionArn: string, memoryMb: number }} FunctionData
 * @typedef {{ requestId: string, event: string, deadlineMs: number }} Invocation
 */

/** @type {FunctionData} */
const { codeDirectory, functionName, functionArn, memoryMb } = workerData;

// By a message of its own, as Lambda's runtime takes what is printed: a worker's standard output, a stream by way of the
// main thread, costs more than a whole answer from memory.
process.stdout.write = (printed) => {
  parentPort?.postMessage({ printed: String(printed) });
  return true;
};

const { handler } = await import(pathToFileURL(join(codeDirectory, 'index.mjs')).href);

parentPort?.on('message', async (/** @type {Invocation} */ { requestId, event, deadlineMs }) => {
  const context = {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    memoryLimitInMB: String(memoryMb),
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
  try {
    const result = await handler(JSON.parse(event), context);
    parentPort?.postMessage({ result: JSON.stringify(result ?? null) });
  } catch (error) {
    console.error(`${requestId} Invoke Error`, error);
    parentPort?.postMessage({ failed: true });
  }
});
