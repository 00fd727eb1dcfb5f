// What an observer of a simulated fleet is told.

import type { Scopes } from '../../lambda/oauth/scopes.ts';
import type { Token } from '../../lambda/oauth/token.ts';
import type { TokenSource, VendRequest } from '../../lambda/vend/state/token-state.ts';
import type { TableListener } from './simulated-dynamodb.ts';

/** What failed an instance. A read that is throttled is a failure of its own kind, because it can be made again. */
export type Service = 'table' | 'throttled read' | 'secret';

/** The instance that an event is about. */
export interface ObservedInstance {
  readonly isAlive: boolean;
}

export interface Call {
  readonly request: VendRequest;
  readonly instance: ObservedInstance;
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
  /** The status of the answer. */
  readonly status: number;
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
  /** An instance crashed, or begins to stand still. */
  instanceDisturbed?(instance: ObservedInstance): void;
  /** A request to the table or to Secrets Manager had no answer, or a late one, or was throttled. */
  requestGivenUp?(instance: ObservedInstance, service: Service): void;
}

export interface Replacement {
  readonly version: string;
  readonly atMs: number;
  /** From when on the authorization server accepts the new version. Infinity: it is wrong. */
  readonly rightFromMs: number;
}
