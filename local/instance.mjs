// One instance of the function, in a worker thread. It imports the deployed code as Lambda's runtime does, then runs
// one request after the other. It is plain JavaScript because a worker, like Lambda, has no TypeScript loader.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * @typedef {{ codeDirectory: string, functionName: string, functionArn: string, memoryMb: number }} FunctionData
 * @typedef {{ requestId: string, event: string, deadlineMs: number }} Invocation
 */

/** @type {FunctionData} */
const { codeDirectory, functionName, functionArn, memoryMb } = workerData;

// Output is sent as a message. A worker's standard output is a stream through the main thread, which costs more than a
// whole answer from memory.
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
