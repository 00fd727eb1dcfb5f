// What calls cost, as an estimate by list prices that the dashboard shows. It imports neither the SDK nor the CDK.

import { calculated, constant, type Expression, filled, sum } from './expression.ts';

/** List prices in USD, without free tiers and volume discounts. */
export const CALL_PRICES = {
  where: 'us-east-1, November 2025',
  functionRequests: 0.2 / 1e6,
  /** arm64 */
  functionGbSeconds: 0.0000133334,
  /** CloudWatch Logs, taken in. */
  logBytes: 0.5 / 1e9,
} as const;

/** USD for one period of a profile's function: its requests, their duration and what they log. */
export function callCost(memoryMb: number): Expression {
  const { functionRequests, functionGbSeconds, logBytes } = CALL_PRICES;
  return sum(
    calculated(filled('Invocations', 'Sum', 0), '*', constant(functionRequests)),
    calculated(filled('Duration', 'Sum', 0), '*', constant(((memoryMb / 1024) * functionGbSeconds) / 1000)),
    calculated(filled('IncomingBytes', 'Sum', 0), '*', constant(logBytes)),
  );
}
