// Small functions for the tests of the function URL: a folder with an index.mjs, like that of the deployed code.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FunctionUrlOptions, startFunctionUrl } from '../../local/function-url.ts';
import { type RequestToSign, sign } from '../../local/sign.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';

export interface RunningFunction {
  readonly url: string;
  readonly codeDirectory: string;
  /** Returns what its instances have printed. */
  readonly printed: () => string;
  /** Resolves when they have printed the text. */
  readonly hasPrinted: (text: string) => Promise<void>;
  call(target?: string, request?: RequestToSign): Promise<Response>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a function with this source as its module. */
export async function startFunction(
  source: string,
  options: Omit<FunctionUrlOptions, 'codeDirectory' | 'write'> = {},
): Promise<RunningFunction> {
  const folder = temporaryFolder();
  const codeDirectory = folder.path;
  writeFileSync(join(codeDirectory, 'index.mjs'), source);
  let printed = '';
  let onPrinted = () => {};
  const write = (text: string) => {
    printed += text;
    onPrinted();
  };
  const server = await startFunctionUrl({ ...options, codeDirectory, write });
  return {
    url: server.url,
    codeDirectory,
    printed: () => printed,
    hasPrinted: (text) =>
      new Promise((resolve) => {
        onPrinted = () => {
          if (printed.includes(text)) resolve();
        };
        onPrinted();
      }),
    call: async (target = '/', request) => {
      const { body, ...signed } = await sign(server.url + target, request);
      // Bytes, because fetch gives text a content type of its own.
      return fetch(server.url + target, { ...signed, body: body === null ? null : Buffer.from(body) });
    },
    restart: server.restart,
    close: async () => {
      await server.close();
      await folder.close();
    },
  };
}
