// Programs of consumers, as ES modules and as CommonJS.

/** Module systems by the endings that Node.js and TypeScript know them by. */
export const FORMATS = { mjs: 'ES modules', cjs: 'CommonJS' } as const;
export type Format = keyof typeof FORMATS;

/** Imports names of an entry, then goes on. */
export function program(format: Format, imports: Readonly<Record<string, string>>, rest = ''): string {
  const lines = Object.entries(imports).map(([entry, names]) =>
    format === 'mjs' ? `import { ${names} } from '${entry}';` : `const { ${names} } = require('${entry}');`,
  );
  return [...lines, `(async () => {${rest}})();`].join('\n');
}

/** Vends a token from local mode. */
export const VENDING = `
  const local = await startLocal();
  try {
    const { accessToken } = await new TokenClient(local).getToken();
    if (typeof accessToken !== 'string' || accessToken === '') throw new Error('no token was vended');
  } finally {
    await local.close();
  }
`;

/** Prints why local mode can't start, and goes on. */
export const HANDLED = 'await startLocal().catch((error) => console.log(String(error)));';

/** Prints how many bytes of the package have been loaded. */
export const LOADED_BYTES = `
  const files = Object.keys(require.cache).filter((file) => file.includes('token-vending'));
  const { statSync } = require('node:fs');
  console.log(files.reduce((sum, file) => sum + statSync(file).size, 0));
`;

/** Uses the types of the client. A wrong type must be an error, or nothing would be checked. */
export const TYPED_CLIENT = `
  import { TokenClient } from 'token-vending/client';

  export const client: TokenClient = new TokenClient();
  // @ts-expect-error
  export const wrong: number = client;
`;

export const TYPED_CONSTRUCTS_AND_TESTING = `
  import { TokenVending, type Profile, type TokenVendingProps } from 'token-vending';
  import { startLocal } from 'token-vending/testing';
  import type { Stack } from 'aws-cdk-lib';

  const props: TokenVendingProps = { profiles: { orders: {} } };
  export const profileOf = (stack: Stack): Profile => new TokenVending(stack, 'Vending', props).profile('orders');
  export const url = async (): Promise<string> => (await startLocal()).url;
  // @ts-expect-error
  export const wrong: TokenVendingProps = { profile: {} };
  // @ts-expect-error
  export const alsoWrong: number = startLocal();
`;
