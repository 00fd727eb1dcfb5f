// What a function prints: one JSON line per event, of which each vend and each refusal is the audit record, with metrics in CloudWatch's embedded metric format, so that neither
// a metrics call nor a permission is needed. Fields are named here, one by one: a token or a secret has no way in.

import type { Clock } from './clock.ts';
import { metricLine } from './metric-line.ts';
import type { Caller } from './vend/caller.ts';

export type TokenSource = 'memory' | 'table' | 'mint';

export type TableOperation = 'read' | 'acquire_lease' | 'release_lease' | 'publish' | 'record_failure' | 'throttling';

/** Who asked for what: the first half of an audit line. */
export interface Asked extends Caller {
  readonly requestId: string;
  /** Canonical. Undefined: left out, or not known when the request was refused. */
  readonly scopesAsked?: string | undefined;
}

export interface TelemetryProps {
  readonly profile: string;
  readonly clock: Clock;
  /** Takes one line, with its line feed. */
  readonly write: (line: string) => void;
}

export class Telemetry {
  readonly #props: TelemetryProps;

  constructor(props: TelemetryProps) {
    this.#props = props;
  }

  /** The audit line of a token vended. */
  vended(
    event: Asked & {
      scopesGiven: string | undefined;
      source: TokenSource;
      expiresInSeconds: number;
      credentialVersion: string | undefined;
      /** First 8 hex digits of the token's SHA-256: enough to find it again, worthless as a token. */
      tokenSha256Prefix: string;
    },
    isOfReplacedCredential: boolean,
  ): void {
    const metrics = { Vended: 1, ...(isOfReplacedCredential && { ReplacedCredentialInUse: 1 }) };
    this.#print(isOfReplacedCredential ? 'warn' : 'info', 'vended', metrics, event);
  }

  /** The audit line of a request that is answered with an error. */
  refused(event: Asked & { status: number; error: string; description: string }): void {
    this.#print(event.status < 500 ? 'warn' : 'error', 'refused', { Refused: 1 }, event);
  }

  minted(event: { durationMs: number; credentialVersion: string }): void {
    this.#print('info', 'minted', { Minted: 1 }, event);
  }

  /** The authorization server does not accept a version of the credential. */
  credentialRefused(event: { credentialVersion: string }): void {
    this.#print('error', 'credential_refused', { CredentialRefused: 1 }, event);
  }

  mintFailed(event: { error: string }): void {
    this.#print('warn', 'mint_failed', { MintFailed: 1 }, event);
  }

  /** The credential lacks scopes that the profile allows; the granted part is vended. */
  scopesNotGranted(event: { missing: readonly string[] }): void {
    this.#print('warn', 'scopes_not_granted', { ScopesNotGranted: event.missing.length }, event);
  }

  /** The server named no `expires_in`. */
  lifetimeNotNamed(event: { assumedSeconds: number }): void {
    this.#print('warn', 'lifetime_not_named', { LifetimeNotNamed: 1 }, event);
  }

  /** A valid token was vended all the same. */
  failureCovered(event: { error: string }): void {
    this.#print('warn', 'failure_covered', { FailureCovered: 1 }, event);
  }

  tableFailed(event: { operation: TableOperation; error: string }): void {
    this.#print('warn', 'table_failed', { TableFailed: 1 }, event);
  }

  /** An item that was altered, moved or cut, or whose credential is gone: a miss. */
  sealNotOpened(): void {
    this.#print('warn', 'seal_not_opened', { SealNotOpened: 1 }, {});
  }

  credentialCheckFailed(event: { error: string }): void {
    this.#print('warn', 'credential_check_failed', { CredentialCheckFailed: 1 }, event);
  }

  #print(level: string, event: string, metrics: Record<string, number>, fields: object): void {
    const { profile, clock, write } = this.#props;
    const dimension = { name: 'Profile', value: profile };
    write(metricLine({ nowMs: clock.nowMs(), dimension, level, event, metrics, fields: named(fields) }));
  }
}

const NAMES = new Map<string, string>();

/** Log fields are snake_case, as CloudWatch Logs Insights queries like them. */
function named(fields: object): Record<string, unknown> {
  const logged: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const loggedName = NAMES.get(name) ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    NAMES.set(name, loggedName);
    logged[loggedName] = value;
  }
  return logged;
}
