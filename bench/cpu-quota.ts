// A share of one CPU for a process, as Lambda gives an invocation by its memory: a whole CPU at 1,769 MB.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MB_OF_ONE_CPU = 1_769;
/** Short periods: a longer one would let a short answer pass before the quota is used up. */
const PERIOD_US = 20_000;

const V1 = '/sys/fs/cgroup/cpu';
const V2 = '/sys/fs/cgroup';

export interface CpuQuota {
  /** From now on, the process has only the quota. */
  limit(pid: number): void;
  /** No process may be in it any more. */
  close(): void;
}

/** Undefined where the machine lets nobody set a quota. */
export function cpuQuota(memoryMb: number): CpuQuota | undefined {
  const isV1 = existsSync(join(V1, 'cpu.cfs_quota_us'));
  const folder = join(isV1 ? V1 : V2, `token-vending-bench-${process.pid}-${memoryMb}`);
  const quotaUs = Math.round((PERIOD_US * memoryMb) / MB_OF_ONE_CPU);
  try {
    mkdirSync(folder);
    if (isV1) {
      writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quotaUs));
    } else {
      writeFileSync(join(folder, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
    }
    // A machine may allow a quota and still refuse a process in it. This shell tries it with itself.
    execFileSync('sh', ['-c', 'echo $$ > "$0"', join(folder, 'cgroup.procs')], { stdio: 'ignore' });
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
  return {
    limit: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    close: () => rmdirSync(folder),
  };
}
