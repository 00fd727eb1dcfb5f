// The package's entry `token-vending/client`: tokens for a service, a script or a job.

export { TokenVendingError, type TokenVendingErrorCode } from './errors.ts';
export type { AwsCredentials, AwsCredentialsProvider, Scope, TokenClientOptions } from './options.ts';
export type { Instant, Runtime } from './runtime.ts';
export { TokenClient, type TokenOptions } from './token-client.ts';
export type { VendedToken } from './token-source.ts';
