// A store that fails counts as one that holds nothing: the log says so, the caller isn't told.

import type { TableOperation, Telemetry } from '../telemetry.ts';

/** @param instead what the call comes to where it fails */
export async function attempt<T>(
  telemetry: Telemetry,
  operation: TableOperation,
  call: () => Promise<T>,
  instead: (error: unknown) => T,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    telemetry.tableFailed(operation, error);
    return instead(error);
  }
}
