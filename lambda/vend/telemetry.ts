// Prints the events of vending as lines and metrics. Each field is named here, so that no token or secret can get into
// a line.

import { type ErrorCode, failureFields, VendingError } from '../errors.ts';
import type { Log } from '../log-line.ts';

export type TableOperation =
  | 'read'
  | 'acquire_lease'
  | 'release_lease'
  | 'publish'
  | 'record_failure'
  | 'read_credential'
  | 'claim_test'
  | 'postpone_test'
  | 'accept_version'
  | 'list_rejected'
  | 'unlist_rejected'
  | 'reread_all'
  | 'record_credential_back_off';

/** With these a mint fails because of the server, not because of what was asked for, or of the credential. */
const SERVER_FAILED: ReadonlySet<ErrorCode> = new Set(['throttled', 'timed_out', 'unavailable', 'unusable_answer']);

export class Telemetry {
  readonly #log: Pick<Log, 'print'>;

  constructor(log: Pick<Log, 'print'>) {
    this.#log = log;
  }

  /** @param isEarly whether the end of no token explains the mint */
  minted({
    durationMs,
    isEarly,
    ...fields
  }: {
    durationMs: number;
    credentialVersion: string;
    isEarly: boolean;
  }): void {
    const metrics = { Minted: 1, MintLatency: durationMs, ...(isEarly && { MintedEarly: 1 }) };
    this.#log.print({ level: 'info', event: 'minted', metrics, fields });
  }

  /** @param wasCut whether the mint was given up in order to vend a valid token in time */
  mintFailed(error: unknown, wasCut: boolean): void {
    const isServers = error instanceof VendingError && SERVER_FAILED.has(error.code) && !wasCut;
    const metrics = isServers ? { MintFailed: 1, Minted: 0 } : {};
    this.#log.print({ level: 'warn', event: 'mint_failed', metrics, fields: failureFields(error) });
  }

  /** The authorization server refused a version of the credential. */
  credentialRefused(fields: { credentialVersion: string }): void {
    this.#log.print({ level: 'error', event: 'credential_refused', metrics: { CredentialRefused: 1 }, fields });
  }

  /** The credential lacks scopes of the allow-list. The granted part is vended. */
  scopesNotGranted(fields: { missing: readonly string[] }): void {
    const metrics = { ScopesNotGranted: fields.missing.length };
    this.#log.print({ level: 'warn', event: 'scopes_not_granted', metrics, fields });
  }

  /** The authorization server named no `expires_in`. */
  lifetimeNotNamed(fields: { assumedSeconds: number }): void {
    this.#log.print({ level: 'warn', event: 'lifetime_not_named', fields });
  }

  /** A call failed, but its caller got a valid token from memory. */
  failureCovered(error: unknown): void {
    const fields = failureFields(error);
    this.#log.print({ level: 'warn', event: 'failure_covered', metrics: { FailureCovered: 1 }, fields });
  }

  tableFailed(operation: TableOperation, error: unknown): void {
    const fields = { operation, ...failureFields(error) };
    this.#log.print({ level: 'warn', event: 'table_failed', metrics: { TableFailed: 1 }, fields });
  }

  /**
   * An item was altered, moved or cut, or its credential is gone, or its token isn't allowed. The item counts as one
   * without a token.
   */
  sealNotOpened(): void {
    this.#log.print({ level: 'warn', event: 'seal_not_opened', metrics: { SealNotOpened: 1 } });
  }

  credentialCheckFailed(error: unknown): void {
    const fields = failureFields(error);
    this.#log.print({ level: 'warn', event: 'credential_check_failed', metrics: { CredentialCheckFailed: 1 }, fields });
  }
}
