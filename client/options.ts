// What a TokenClient is told, and what follows from it: the token endpoint, and the region to sign for.

import { TokenVendingError } from './errors.ts';

/** Scopes, separated by spaces (RFC 6749 §3.3), or as a list. Order and repeats don't matter. */
export type Scope = string | readonly string[];

/** Of the AWS SDK: `AwsCredentialIdentity`. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Is asked for each signature, and keeps what it has found as long as it is valid, as the AWS SDK's providers do. */
export type AwsCredentialsProvider = (options?: {
  forceRefresh?: boolean;
  /** Some providers of the SDK know no other option than this one of its clients. */
  callerClientConfig?: never;
}) => Promise<AwsCredentials>;

export interface TokenClientOptions {
  /**
   * The token endpoint or the function URL of a profile: either output of the stack, with or without a slash at its end.
   * @default process.env.TOKEN_VENDING_URL
   */
  readonly url?: string | URL | undefined;
  /** @default - the URL's region, else AWS_REGION or AWS_DEFAULT_REGION */
  readonly region?: string | undefined;
  /** @default - the default chain of the AWS SDK for Node.js */
  readonly credentials?: AwsCredentials | AwsCredentialsProvider | undefined;
  /**
   * The scopes of calls that name none.
   * @default - all scopes of the profile that the authorization server grants
   */
  readonly scope?: Scope | undefined;
  /** How long a call waits for a token, with all its retries, in milliseconds. @default 30000 */
  readonly timeoutMs?: number | undefined;
  /** Sends the requests, to the token endpoint and to APIs. @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Origins that `fetch` sends tokens to. @default - the origin of each call, whichever it is */
  readonly allowedOrigins?: readonly string[] | undefined;
}

export interface Settings {
  readonly tokenEndpoint: URL;
  readonly region: string;
  readonly credentials: AwsCredentials | AwsCredentialsProvider | undefined;
  readonly timeoutMs: number;
  readonly fetch: typeof globalThis.fetch;
  readonly allowedOrigins: readonly string[] | undefined;
}

const TOKEN_PATH = '/oauth/token';
const TIMEOUT_MS = 30_000;
/** Timers take no more. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** @throws TokenVendingError `misconfigured` */
export function readSettings(options: TokenClientOptions, env: Readonly<Record<string, string | undefined>>): Settings {
  const { timeoutMs = TIMEOUT_MS, credentials } = options;
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    const requirement = `it must be a number of milliseconds up to ${MAX_TIMEOUT_MS}`;
    throw new TokenVendingError('misconfigured', `timeoutMs is ${timeoutMs}, ${requirement}`);
  }
  const tokenEndpoint = readUrl(options.url ?? env.TOKEN_VENDING_URL);
  const region = options.region ?? regionOf(tokenEndpoint) ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (!region) {
    throw new TokenVendingError('misconfigured', 'the region is unknown', {
      hint: "Pass the option region, or set AWS_REGION: the URL doesn't name one",
    });
  }
  // It is looked up for each request, so that what replaces the global one later is used.
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...args) => globalThis.fetch(...args));
  const allowedOrigins = options.allowedOrigins?.map(readOrigin);
  return { tokenEndpoint, region, credentials, timeoutMs, fetch, allowedOrigins };
}

function readUrl(given: string | URL | undefined): URL {
  if (given === undefined || given === '') {
    throw new TokenVendingError('misconfigured', 'no URL is given', {
      hint: 'Pass the option url, or set TOKEN_VENDING_URL to the output Profile…TokenEndpoint of the stack',
    });
  }
  const url = parseUrl(String(given));
  if (url === null || !isSafe(url) || url.search !== '' || url.username + url.password !== '') {
    throw new TokenVendingError('misconfigured', 'the URL of the token endpoint is not an https URL without a query');
  }
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith(TOKEN_PATH) ? path : `${path}${TOKEN_PATH}`;
  url.hash = '';
  return url;
}

function readOrigin(given: string): string {
  const url = parseUrl(given);
  // `localhost:3000` is a URL whose scheme is localhost, and it has no origin.
  if (url !== null && url.origin !== 'null') return url.origin;
  throw new TokenVendingError('misconfigured', 'an entry of allowedOrigins is not a URL, like https://api.example');
}

/** Undefined if the host is not a function URL's, like `ID.lambda-url.eu-central-1.on.aws`. */
function regionOf({ hostname }: URL): string | undefined {
  return /\.lambda-url\.([a-z0-9-]+)\./.exec(hostname)?.[1];
}

/** Whether a token may be sent there: over TLS, or without leaving this machine. */
export function isSafe({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
