// A token is minted once per key and lifetime, plus what the promises allow for. Each early mint needs an excuse of its
// own, near its time.

import { LEASE_MS } from '../../lambda/time-limits.ts';
import type { VendRequest } from '../../lambda/vend/state/token-state.ts';
import type { TokenRequest } from '../../testbed/simulator/observer.ts';
import { failedMints, type Span, troubles } from './excuses.ts';
import type { History } from './history.ts';

/** Two clocks, the second that a time is cut to, and the way of a mint from its beginning to the server. */
const SLACK_MS = 5_000;
const FORCED_RENEWAL_EVERY_MS = 30_000;
/** A token may be minted for the sake of `min_ttl` from this part of the lifetime on, else from that on. */
const FOR_MIN_TTL_SHARE = 0.25;
const RENEWAL_SHARE = 0.75;
/** A mint goes on with an item that was read this long before. */
const KNOWN_AFTER_MS = 1_000;

export function mintViolations(history: History): string[] {
  const issued = history.ledger.tokenRequests.filter(({ accessToken }) => accessToken !== undefined);
  const keys = new Set(issued.map(({ scopes }) => String(scopes)));
  return [...keys].flatMap((key) =>
    ofKey(
      history,
      key,
      issued.filter(({ scopes }) => String(scopes) === key),
    ),
  );
}

function ofKey(history: History, key: string, mints: readonly TokenRequest[]): string[] {
  const used = new Set<unknown>();
  let forcedAtMs = Number.NEGATIVE_INFINITY;
  /** The last one that needed no excuse. The token of an excused one may not have got into the table. */
  let regular: TokenRequest | undefined;
  return mints.flatMap((mint, index) => {
    const before = mints[index - 1];
    const isDue = regular === undefined || !isEarly(history, key, regular, mint);
    if (before === undefined || isDue || !isEarly(history, key, before, mint)) {
      regular = mint;
      return [];
    }
    const reports =
      mint.arrivedAtMs - forcedAtMs < FORCED_RENEWAL_EVERY_MS - SLACK_MS ? [] : reportsDuring(history, key, mint);
    const excuse = [...reports, ...excuses(history, key, before, mint)].find((each) => !used.has(each));
    if (reports.some((report) => report === excuse)) forcedAtMs = mint.arrivedAtMs;
    if (excuse === undefined) {
      return [`"${key}" was minted at ${mint.arrivedAtMs % 1e9}, ${mint.arrivedAtMs - before.arrivedAtMs} ms too soon`];
    }
    used.add(excuse);
    return [];
  });
}

function isEarly(history: History, key: string, before: TokenRequest, mint: TokenRequest): boolean {
  const isForMinTtl = callsDuring(history, key, mint, ({ minTtlMs }) => minTtlMs > 0).length > 0;
  const minMs =
    history.fleet.options.lifetimeSeconds * 1000 * (isForMinTtl ? FOR_MIN_TTL_SHARE : RENEWAL_SHARE) - SLACK_MS;
  return mint.arrivedAtMs - before.arrivedAtMs < minMs;
}

/** What may explain that a token was minted again so soon. */
function excuses(history: History, key: string, before: TokenRequest, mint: TokenRequest): readonly unknown[] {
  const firstAcceptedAtMs = history.ledger.accepted[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const isOtherVersion = before.credentialVersion !== mint.credentialVersion;
  const span: Span = { fromMs: before.startedAtMs - LEASE_MS, toMs: mint.arrivedAtMs };
  return [
    // Where the first acceptance could not be recorded, each instance may try the current version first.
    ...(mint.startedAtMs < firstAcceptedAtMs + KNOWN_AFTER_MS && troubles(history, { ...span, fromMs: 0 }).length > 0
      ? [mint]
      : []),
    // A token whose answer was not heard, but not this one.
    ...failedMints(history, span).filter((failed) => failed !== mint && String(failed.scopes) === key),
    ...cutTests(history, key, mint),
    // Nobody mints past a table that throttles.
    ...troubles(history, span).filter(({ service }) => service !== 'throttled read'),
    // The first mint with a new version, or with the accepted one after another one.
    ...[...history.ledger.replacements, ...history.ledger.accepted.filter(() => isOtherVersion)]
      .map(({ version }) => version)
      .filter((version) => version === mint.credentialVersion),
  ];
}

/** Tests of the version that were cut short. Each is made again after its claim has ended, as soon as somebody calls. */
function cutTests(history: History, key: string, { credentialVersion, startedAtMs, arrivedAtMs }: TokenRequest) {
  const isAccepted = history.ledger.accepted.some(
    ({ version, atMs }) => version === credentialVersion && atMs < arrivedAtMs,
  );
  if (isAccepted) return [];
  return failedMints(history, { fromMs: 0, toMs: startedAtMs }).filter(
    (failed) => failed.credentialVersion === credentialVersion && String(failed.scopes) === key,
  );
}

/** The calls of a kind for a key that were under way while it was minted. */
function callsDuring(
  { ledger }: History,
  key: string,
  mint: TokenRequest,
  isOfKind: (request: VendRequest) => boolean,
) {
  return ledger.calls.filter(
    ({ request, startedAtMs, endedAtMs = Number.POSITIVE_INFINITY }) =>
      isOfKind(request) &&
      String(request.scopes) === key &&
      startedAtMs <= mint.arrivedAtMs &&
      mint.startedAtMs <= endedAtMs,
  );
}

/** The reports of tokens that had not ended. The others force no renewal. */
function reportsDuring(history: History, key: string, mint: TokenRequest) {
  const { calls } = history.ledger;
  return callsDuring(history, key, mint, ({ rejectedTokenSha256 }) => {
    const reported = calls.find(({ vended }) => vended?.token.sha256 === rejectedTokenSha256)?.vended?.token;
    return reported !== undefined && mint.startedAtMs < reported.expiresAtMs;
  });
}
