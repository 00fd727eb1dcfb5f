// A failure of the store is logged, and the request goes on with a fallback, so the caller doesn't notice it.

import type { TableOperation, Telemetry } from '../telemetry.ts';

/** @param fallback the result if the call fails */
export async function attempt<T>(
  telemetry: Telemetry,
  operation: TableOperation,
  call: () => Promise<T>,
  fallback: (error: unknown) => T,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    telemetry.tableFailed(operation, error);
    return fallback(error);
  }
}
