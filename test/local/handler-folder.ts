// Small functions for the tests of the function URL: a folder with an index.mjs, as the deployed code has it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FunctionUrlOptions, startFunctionUrl } from '../../local/function-url.ts';
import { sign, type ToSign } from '../../local/sign.ts';

export interface RunningFunction {
  readonly url: string;
  readonly codeDirectory: string;
  /** What its instances have printed. */
  readonly printed: () => string;
  /** Resolves when they have printed the text. */
  readonly hasPrinted: (text: string) => Promise<void>;
  call(target?: string, request?: ToSign): Promise<Response>;
  close(): Promise<void>;
}

/** Starts a function whose module is the source given. */
export async function startFunction(
  source: string,
  options: Omit<FunctionUrlOptions, 'codeDirectory' | 'write'> = {},
): Promise<RunningFunction> {
  const codeDirectory = mkdtempSync(join(tmpdir(), 'function-'));
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
    close: async () => {
      await server.close();
      rmSync(codeDirectory, { recursive: true, force: true });
    },
  };
}
