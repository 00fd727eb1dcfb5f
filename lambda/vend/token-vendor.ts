// How a token is vended, and minted once for all: from memory, else from the table, else by whoever holds the lease.
// The policy reads top to bottom; the rules it asks are in known-token.ts, back-off.ts and lease.ts.

import { errorName } from '../errors.ts';
import type { Telemetry } from '../telemetry.ts';
import { isInForce } from './back-off.ts';
import {
  foundIn,
  isDemandRefused,
  isFresh,
  isValid,
  NO_DEMAND,
  refuseExcessiveMinTtl,
  type TokenFound,
} from './known-token.ts';
import { AFTER_MINT_MS, LeaseWatch, LONGEST_PAUSE_MS, LOOK_MS, leasePauseMs, MINT_LIMIT_MS } from './lease.ts';
import { type Flight, limitOf, Minting, type MintingProps, outOfTime } from './minting.ts';
import { SingleFlight } from './single-flight.ts';
import type { VendRequest } from './vend-request.ts';

/** How long a renewal that was tried, or seen under way, is not looked at again. */
const RENEWAL_LOOK_EVERY_MS = 2_000;
/** All instances know the same renewal point; over this part of a lifetime from there on they look, each in its turn. */
const RENEWAL_LOOK_SHARE = 0.005;

export interface Vended extends TokenFound {
  /** The current credential can't mint, and the token is of the one before. */
  readonly isOfReplacedCredential: boolean;
}

export interface TokenVendorProps extends MintingProps {
  readonly telemetry: Telemetry;
}

export class TokenVendor {
  readonly #props: TokenVendorProps;
  readonly #minting: Minting;
  /** This instance's turn to look at a renewal, in [0, 1): or ten thousand would read one item in the same second. */
  readonly #turn: number;
  readonly #flights = new SingleFlight<TokenFound>();

  constructor(props: TokenVendorProps) {
    this.#props = props;
    this.#minting = new Minting(props);
    this.#turn = props.random();
  }

  /**
   * @param deadlineMs when the caller must have its answer
   * @throws VendingError, but never while a valid token is there
   */
  async vend(request: VendRequest, deadlineMs: number): Promise<Vended> {
    const { scopes, store } = this.#props;
    const flight: Flight = { wanted: scopes.wanted(request.scopes), demand: request, deadlineMs };
    const found = await this.#find(flight);
    return { ...found, isOfReplacedCredential: store.isReplaced(found.credentialVersion) };
  }

  async #find(flight: Flight): Promise<TokenFound> {
    try {
      return await this.#fromMemoryOrFlight(flight);
    } catch (failure) {
      // A valid token is vended to its true end, past its margin, whatever the failure.
      const found = this.#validInMemory(flight);
      if (isDemandRefused(failure) || found === undefined) throw failure;
      this.#props.telemetry.failureCovered({ error: errorName(failure) });
      return found;
    }
  }

  #validInMemory({ wanted, demand }: Flight): TokenFound | undefined {
    const { token, credentialVersion } = this.#props.store.remembered(wanted.pk) ?? {};
    return isValid(token, demand, this.#nowMs) ? { token, credentialVersion, source: 'memory' } : undefined;
  }

  async #fromMemoryOrFlight(flight: Flight): Promise<TokenFound> {
    for (let round = 0; ; round++) {
      const remembered = this.#fromMemory(flight);
      if (remembered) return remembered;
      const { flight: underWay, joined } = this.#flights.run(flightKey(flight), () => this.#fly(flight));
      try {
        const vended = await underWay;
        // Checked once more: whoever flew may have been held up on the way.
        if (isValid(vended.token, joined ? flight.demand : NO_DEMAND, this.#nowMs)) return vended;
      } catch (failure) {
        // A flight that began before this call may have missed what is there now.
        if (!joined || round > 0) throw failure;
        const found = this.#validInMemory(flight);
        if (found) return found;
      }
      if (this.#nowMs + LOOK_MS >= flight.deadlineMs) throw outOfTime();
    }
  }

  /** Without any I/O. */
  #fromMemory({ wanted, demand }: Flight): TokenFound | undefined {
    const { store } = this.#props;
    const known = store.remembered(wanted.pk);
    const version = store.checkedVersion;
    if (known === undefined || version === undefined) return undefined;
    refuseExcessiveMinTtl(known, demand, this.#nowMs);
    const nowMs = this.#nowMs;
    if (!isFresh(known, demand, version, nowMs)) return undefined;
    const lookAtMs = known.token.renewAtMs + this.#turn * RENEWAL_LOOK_SHARE * known.token.lifetimeMs;
    return nowMs < Math.max(lookAtMs, known.lookAgainAtMs) ? foundIn(known, 'memory') : undefined;
  }

  async #fly(flight: Flight): Promise<TokenFound> {
    const { scopes, store, clock } = this.#props;
    const { wanted, demand } = flight;
    const watch = new LeaseWatch(clock);
    for (let round = 0; ; round++) {
      const look = await store.look(wanted);
      const { known, credential } = look;
      refuseExcessiveMinTtl(known, demand, this.#nowMs);
      const fresh = isFresh(known, demand, credential.version, this.#nowMs) ? foundIn(known, look.source) : undefined;
      if (fresh && this.#nowMs < fresh.token.renewAtMs) return fresh;
      if (fresh) store.remember(wanted.pk, known, { lookAgainAtMs: this.#nowMs + RENEWAL_LOOK_EVERY_MS });

      // A table that throttles is there: who mints past it, or believes what memory says of a failure, is one of many.
      if (look.table === 'busy' && !fresh && this.#isTimeFor(LONGEST_PAUSE_MS + LOOK_MS, flight)) {
        await this.#pause(round, limitOf(flight, known, this.#nowMs));
        continue;
      }
      if (isInForce(known.backOff, credential.version, this.#nowMs)) {
        if (fresh) return fresh;
        throw scopes.recordedFailure(known.backOff, wanted, this.#nowMs);
      }
      if (look.table !== 'usable') {
        if (fresh) return fresh;
        return await this.#minting.withoutTable(flight, look);
      }
      watch.see(look.item?.lease);
      if (
        watch.isOver(look.item?.lease) &&
        this.#isTimeFor(0, flight) &&
        this.#nowMs < limitOf(flight, known, this.#nowMs)
      ) {
        const minted = await this.#minting.underLease(flight, look, watch.watchedToItsEnd);
        if (minted) return minted;
      }
      if (fresh) return fresh;
      await this.#pause(round, limitOf(flight, known, this.#nowMs));
    }
  }

  /** Whether the deadline leaves time for something and a whole mint after it. */
  #isTimeFor(ms: number, { deadlineMs }: Flight): boolean {
    return deadlineMs - this.#nowMs >= ms + MINT_LIMIT_MS + AFTER_MINT_MS;
  }

  async #pause(round: number, limitMs: number): Promise<void> {
    const { clock, random } = this.#props;
    const pauseMs = leasePauseMs(round, random());
    if (this.#nowMs + pauseMs + LOOK_MS >= limitMs) throw outOfTime();
    await clock.sleep(pauseMs);
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}

/** Only equal demands fly together: who rejects a token may wait past its end, who doesn't must not. */
function flightKey({ wanted, demand }: Flight): string {
  return [wanted.pk, demand.minTtlMs, demand.rejectedTokenSha256].join(' ');
}
