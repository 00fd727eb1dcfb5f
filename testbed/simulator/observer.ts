// What an observer of a simulated fleet is told.

import type { Scopes } from '../../lambda/oauth/scopes.ts';
import type { Token } from '../../lambda/oauth/token.ts';
import type { TokenSource, VendRequest } from '../../lambda/vend/state/token-state.ts';
import type { TableListener } from './simulated-dynamodb.ts';

/** What has disturbed an instance. */
export interface Disturbed {
  readonly isAlive: boolean;
  /** When it last stood still: until then, its calls may be late. */
  readonly stoodStillUntilMs: number;
  /** When it last gave up on a service, or had its answer late. */
  readonly gaveUpAtMs: Readonly<Record<'table' | 'secret', number>>;
}

export interface Call {
  readonly request: VendRequest;
  readonly instance: Disturbed;
  readonly startedAtMs: number;
  /** Undefined: it never ended, because its instance crashed. */
  endedAtMs?: number;
  vended?: { readonly token: Token; readonly source: TokenSource };
  failure?: unknown;
}

/** A request that reached the authorization server. */
export interface TokenRequest {
  readonly scopes: Scopes | undefined;
  /** Of the credential that it was made with. */
  readonly credentialVersion: string;
  /** Whether the server refused that credential. */
  readonly isRefused: boolean;
  readonly startedAtMs: number;
  readonly arrivedAtMs: number;
  /** The token issued. Undefined: the request failed. */
  readonly accessToken: string | undefined;
  /** Whether the instance had the answer: it was not lost or late, and the instance did not crash. */
  isHeard: boolean;
}

/** Is told what happens in a fleet while it runs. */
export interface Observer extends TableListener {
  callStarted?(call: Call): void;
  callEnded?(call: Call): void;
  secretAsked?(): void;
  tokenAsked?(request: TokenRequest): void;
  secretReplaced?(replacement: Replacement): void;
  /** An instance crashed, or stood still. */
  instanceDisturbed?(): void;
  /** A request to the table or to Secrets Manager had no answer, or a late one. */
  requestGivenUp?(): void;
}

export interface Replacement {
  readonly atMs: number;
  /** Whether the authorization server accepts the new version. */
  readonly isRight: boolean;
}
