// The dashboard and the alarms that MiniStack has. test/lib has what each of them is.

import assert from 'node:assert/strict';
import { REGION } from '../../testbed/ministack.ts';
import type { Suite } from '../../testbed/suite.ts';
import type { Account } from './account.ts';

interface Widget {
  readonly type: string;
  readonly properties: { readonly alarms?: readonly string[]; readonly metrics?: readonly (readonly unknown[])[] };
}

export async function checkMonitoring(suite: Suite, { aws }: Account, functionName: string): Promise<void> {
  await suite.check('the dashboard shows the alarms and the functions that are deployed', async () => {
    const args = ['get-dashboard', '--dashboard-name', `TokenVending-${REGION}`] as const;
    const { DashboardBody } = await aws<{ DashboardBody: string }>('cloudwatch', ...args);
    const { widgets } = JSON.parse(DashboardBody) as { widgets: readonly Widget[] };
    const { MetricAlarms } = await aws<{ MetricAlarms: { AlarmArn: string }[] }>('cloudwatch', 'describe-alarms');
    assert.ok(MetricAlarms.length > 10);
    const shown = widgets.flatMap(({ properties: { alarms = [] } }) => alarms);
    for (const { AlarmArn } of MetricAlarms) assert.ok(shown.includes(AlarmArn), AlarmArn);
    const metrics = widgets.flatMap(({ properties: { metrics = [] } }) => metrics);
    assert.ok(metrics.some((metric) => metric[1] === 'Throttles' && metric[3] === functionName));
  });
}
