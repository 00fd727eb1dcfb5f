// What is compared: the candidates' code in a temporary folder, with one environment and one set of stand-ins for all.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { Scopes } from '../lambda/oauth/scopes.ts';
import { ScopePolicy } from '../lambda/vend/vending/scope-policy.ts';
import { writeVendCode } from '../lib/vend-code.ts';
import { lambdaEnvironment } from '../local/function-environment.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { tokenRequestEvent } from '../testbed/function-url-event.mjs';
import { writeAsCdkDoes, writeAsDeployed, writeAsFunction } from './bundle.ts';
import { run, start } from './child.ts';
import { scopeSets } from './children/scope-sets.mjs';
import { makeCertificate, startTlsFront } from './tls-front.ts';

/** More than an instance's memory holds: if each is asked for in turn, every one comes from the table. */
const PUBLISHED = { count: 1_200, min: 1, max: 5, seed: 1 };

export interface Setup {
  /** The path of each candidate's module, absolute. */
  readonly code: {
    readonly vend: string;
    /** The same without what it does while it starts. */
    readonly withoutInit: string;
    readonly warmGetItem: string;
    readonly warmMint: string;
    readonly constant: string;
    readonly sdk: string;
    readonly floorTable: string;
    readonly floorMint: string;
    readonly getItem: string;
    readonly handWritten: string;
    readonly handWrittenTuned: string;
    /** Exports the TokenClient. */
    readonly client: string;
  };
  /** The same for all candidates. */
  readonly env: Readonly<Record<string, string>>;
  /** The same with each service behind TLS. Undefined where there is no openssl. */
  readonly tlsEnv: Readonly<Record<string, string>> | undefined;
  /** Scope sets whose tokens are in the table. So is that of callers who name none. */
  readonly published: readonly string[];
  /** Scope sets that nobody has asked for yet. */
  readonly fresh: Iterator<string, undefined>;
  close(): Promise<void>;
}

export async function setUp(): Promise<Setup> {
  const folder = temporaryFolder();
  const { said, close } = await start<Record<string, string>>({
    script: 'stand-ins.ts',
    env: standInsEnvironment(),
    node: process.execPath,
    nodeOptions: ['--import', 'tsx'],
  });
  const published = [...scopeSets(PUBLISHED)];
  const env = { ...lambdaEnvironment('bench', folder.path), ...said, ITEM_KEY: itemKey(published[0] ?? '', said) };
  const code = writeCode(folder.path);
  const node = process.execPath;
  await run({ script: 'children/vend-all.mjs', args: [code.vend, JSON.stringify(PUBLISHED), 'mint'], env, node });
  await run({ script: 'children/cold.mjs', args: [code.vend, JSON.stringify(tokenRequestEvent())], env, node });
  const tlsEnv = await behindTls(env, folder.path);
  return {
    code,
    env,
    tlsEnv,
    published,
    fresh: scopeSets({ count: 1_000, min: 6, max: 6, seed: 2 }),
    close: async () => void (await Promise.all([close(), folder.close()])),
  };
}

async function behindTls(env: Setup['env'], folder: string): Promise<Setup['env'] | undefined> {
  const certificate = makeCertificate(folder);
  if (certificate === undefined) return undefined;
  const services = ['AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL_SECRETS_MANAGER', 'TOKEN_ENDPOINT'];
  const fronts = services.map(async (name) => [name, await startTlsFront(env[name] ?? '', certificate)] as const);
  return { ...env, ...Object.fromEntries(await Promise.all(fronts)), NODE_EXTRA_CA_CERTS: certificate.certPath };
}

/** The loader needs a temporary folder, and the AWS SDK is to keep its advice about old Node.js to itself. */
function standInsEnvironment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
}

function writeCode(folder: string): Setup['code'] {
  const vend = join(folder, 'vend');
  writeVendCode(vend, { clientAuthentication: 'client_secret_post' });
  const withoutInit = join(folder, 'without-init');
  cpSync(join(vend, 'profile.json'), join(withoutInit, 'profile.json'));
  const peer = (name: string) => writeAsDeployed(join(folder, name), `peers/${name}.ts`);
  const handWritten = 'peers/hand-written/index.ts';
  return {
    vend: join(vend, 'index.mjs'),
    withoutInit: writeAsFunction(withoutInit, 'peers/without-init.ts'),
    warmGetItem: peer('warm-get-item'),
    warmMint: peer('warm-mint'),
    constant: peer('constant'),
    sdk: peer('sdk'),
    floorTable: peer('floor-table'),
    floorMint: peer('floor-mint'),
    getItem: peer('get-item'),
    handWritten: writeAsCdkDoes(join(folder, 'hand-written'), handWritten),
    handWrittenTuned: writeAsDeployed(join(folder, 'hand-written-tuned'), handWritten),
    client: writeAsDeployed(join(folder, 'client'), '../client/index.ts'),
  };
}

/** The key of a token's item, for the candidate that reads it without the function. */
function itemKey(
  scope: string,
  { PROFILE = '', CREDENTIAL = '', TOKEN_ENDPOINT = '' }: Record<string, string>,
): string {
  const policy = { profile: PROFILE, credential: CREDENTIAL, tokenEndpoint: TOKEN_ENDPOINT };
  return new ScopePolicy(policy).request(Scopes.parse(scope)).key;
}
