// The tables of docs/cost.md.

import { markdownTable } from '../../testbed/measured-docs.ts';
import { DAY, MONTH_MS, PRICES } from '../fleet/model.ts';
import { whole } from '../fleet/texts.ts';
import { Arithmetic, type Cost, DURATIONS_MS, mintingForItself, type Size, total } from './arithmetic.ts';
import { CACHED_SHARES, MINTS_PER_SCOPE_SET, MONITORING, ROLLBACK_ALARMS } from './model.ts';

const MILLION = 1e6;
const ONE: Size = { profiles: 1, credentials: 1 };
/** A month. */
const USES = 100 * MILLION;
const OTHER_USES = [MILLION, 100 * MILLION, 10_000 * MILLION];
const SIZES: readonly Size[] = [ONE, { profiles: 3, credentials: 1 }, { profiles: 10, credentials: 3 }];
const PROCESSES = [10, 100, 1_000, 10_000];
const SHARE_HEADS = CACHED_SHARES.map((share) => `${share * 100} %`);

/** Markdown. */
export function tables(logBytesPerCall: number): string {
  const arithmetic = new Arithmetic(logBytesPerCall);
  const { init, memory, table, mint } = DURATIONS_MS;
  return [
    summary(arithmetic),
    `Prices of ${PRICES.where}. A call writes ${logBytesPerCall} bytes to the log. Billed: ${memory} ms from memory, ` +
      `${table} ms by way of the table, ${mint} ms for a mint, ${init} ms for the start of an instance.`,
    titled('A million uses, by the share that clients answer themselves', byShare(arithmetic)),
    titled('USD for a million uses, by how many there are', byUses(arithmetic)),
    titled('USD a month, whatever the number of calls', fixed(arithmetic)),
    titled('Beside processes that each mint for themselves', beside(arithmetic)),
  ].join('\n\n');
}

/** A call costs more the fewer there are: more of them are traced, and more of them read the secret. */
function summary(arithmetic: Arithmetic): string {
  const [least, most] = [CACHED_SHARES[0], CACHED_SHARES.at(-1) ?? 0].map((share) => {
    const calls = (USES * (1 - share)) / MILLION;
    return usd(total(arithmetic.ofUses(USES, share)) / calls);
  });
  return (
    `A stack with one profile costs ${usd(total(arithmetic.ofStack(ONE)))} USD a month, with metrics, alarms, dashboard ` +
    `and canary. A million calls cost ${least} USD where instances are busy, and up to ${most} USD where calls are so ` +
    'rare that most are traced and read the secret.'
  );
}

function titled(title: string, text: string): string {
  return `### ${title}\n\n${text}`;
}

function byShare(arithmetic: Arithmetic): string {
  const perMillion = (cost: number) => cost / (USES / MILLION);
  const costs = CACHED_SHARES.map((share) => arithmetic.ofUses(USES, share));
  const stack = total(arithmetic.ofStack(ONE));
  const rows = Object.keys(costs[0] ?? {}).map((part) => [
    part,
    ...costs.map((cost) => usd(perMillion(cost[part] ?? 0))),
  ]);
  return markdownTable(
    [`USD, of ${whole(USES / MILLION)} million uses a month`, ...SHARE_HEADS],
    [
      ['calls of the function', ...CACHED_SHARES.map((share) => whole(MILLION * (1 - share)))],
      ...rows,
      ['what does not depend on the calls', ...costs.map(() => usd(perMillion(stack)))],
      ['**a million uses**', ...costs.map((cost) => `**${usd(perMillion(total(cost) + stack))}**`)],
      ['a month', ...costs.map((cost) => usd(total(cost) + stack))],
    ],
  );
}

function byUses(arithmetic: Arithmetic): string {
  const stack = total(arithmetic.ofStack(ONE));
  const rows = OTHER_USES.map((uses) => [
    `${whole(uses / MILLION)} million`,
    ...CACHED_SHARES.map((share) => usd((total(arithmetic.ofUses(uses, share)) + stack) / (uses / MILLION))),
  ]);
  return markdownTable(['uses a month', ...SHARE_HEADS], rows);
}

function fixed(arithmetic: Arithmetic): string {
  const costs: readonly Cost[] = SIZES.map((size) => arithmetic.ofStack(size));
  const rows = Object.keys(costs[0] ?? {}).map((part) => [part, ...costs.map((cost) => usd(cost[part] ?? 0))]);
  const heads = SIZES.map(
    ({ profiles, credentials }) => `${count(profiles, 'profile')}, ${count(credentials, 'credential')}`,
  );
  const counted = (what: keyof typeof MONITORING.stack) =>
    `${MONITORING.stack[what]} + ${MONITORING.credential[what]} for each credential + ${MONITORING.profile[what]} for each profile`;
  return [
    markdownTable(['', ...heads], [...rows, ['**together**', ...costs.map((cost) => `**${usd(total(cost))}**`)]]),
    `Metrics: ${counted('metrics')}. Metrics in alarms: ${counted('alarmMetrics')}. ` +
      `Composite alarms: ${counted('compositeAlarms')}. Gradual deployments (\`deployment\`), which the table leaves out, ` +
      `add ${ROLLBACK_ALARMS} alarms to each profile, for ${usd(ROLLBACK_ALARMS * PRICES.alarmMetricMonths)} USD a month.`,
  ].join('\n\n');
}

function beside(arithmetic: Arithmetic): string {
  const each = PROCESSES.map((processes) => mintingForItself(processes));
  const here = MINTS_PER_SCOPE_SET / (MONTH_MS / DAY);
  return markdownTable(
    ['processes, all with the same scopes', ...PROCESSES.map(whole)],
    [
      ['mints a day, each for itself', ...each.map(({ mintsPerDay }) => whole(mintsPerDay))],
      ['mints a day, token vending', ...PROCESSES.map(() => here.toFixed(1))],
      ['processes that hold the client secret, each for itself', ...PROCESSES.map(whole)],
      ['processes that hold the client secret, token vending', ...PROCESSES.map(() => '0')],
      ['USD a month, each for itself', ...each.map(({ cost }) => usd(total(cost)))],
      [
        'USD a month, token vending with a client that caches',
        ...PROCESSES.map((processes) => usd(total(arithmetic.ofProcesses(processes)))),
      ],
    ],
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function usd(amount: number): string {
  if (amount >= 100) return whole(amount);
  return amount.toFixed(amount >= 0.1 ? 2 : 4);
}
