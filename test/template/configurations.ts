// The configurations whose templates are judged, as cdk.json would hold them.

import { join } from 'node:path';
import { App, CfnElement } from 'aws-cdk-lib';
import { TokenVendingStack } from '../../bin/token-vending-stack.ts';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { DEFAULT_THRESHOLDS } from '../../operating/alarms.ts';

const ACCOUNT = '111122223333';
const OTHER_ACCOUNT = '444455556666';
const REGION = 'eu-central-1';
const key = (account: string) => `arn:aws:kms:${REGION}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;

export const CONFIGURATIONS = {
  default: {},
  everything: {
    credentials: {
      emporix: {
        tokenEndpoint: 'https://login.example.com/token',
        secretName: 'token-vending/emporix',
        secretFields: { clientId: 'key', clientSecret: 'secret' },
        rotation: true,
        clientAuthentication: 'client_secret_basic',
        tenant: 'shop',
        parameters: { audience: 'api' },
      },
      erp: {
        secretArn: `arn:aws:secretsmanager:${REGION}:${OTHER_ACCOUNT}:secret:erp-AbCd12`,
        secretKeyArn: key(OTHER_ACCOUNT),
      },
    },
    profiles: {
      orders: {
        credential: 'emporix',
        scopes: ['order.order_read'],
        callers: [`arn:aws:iam::${ACCOUNT}:role/orders`, `arn:aws:iam::${OTHER_ACCOUNT}:root`],
        reservedConcurrency: 20,
        canaryEveryMinutes: 5,
      },
      books: { credential: 'erp', organizationId: 'o-a1b2c3d4e5', reservedConcurrency: 5 },
    },
    memoryMb: 1024,
    logRetentionDays: 365,
    deployment: { strategy: 'canary' },
    recordSecretReads: true,
    encryptionKeyArn: key(ACCOUNT),
    strictSecretPolicy: { administrators: [`arn:aws:iam::${ACCOUNT}:role/admin`] },
    alarms: { ...DEFAULT_THRESHOLDS, failures: 20 },
    alarmEmail: 'oncall@example.com',
    alarmTopicArn: `arn:aws:sns:${REGION}:${ACCOUNT}:oncall`,
  },
  'secret reads': { recordSecretReads: true },
  'ten profiles': {
    credentials: { emporix: {}, erp: {} },
    profiles: Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [`p${index}`, { credential: index < 7 ? 'emporix' : 'erp' }]),
    ),
  },
} as const;

export type Configuration = keyof typeof CONFIGURATIONS;

export interface Synthesized {
  readonly app: App;
  readonly templateFile: string;
  /** The construct's path in the stack, such as `ProfileOrders/Role/Resource`, by logical ID. */
  readonly paths: ReadonlyMap<string, string>;
}

/** The template as it is deployed; only the functions' code is left out. */
export function synthesize(configuration: Configuration, outdir: string): Synthesized {
  const context = { ...cdkJson.context, 'aws:cdk:bundling-stacks': [] };
  const app = new App({ outdir, context, analyticsReporting: false });
  const tokenVending = CONFIGURATIONS[configuration];
  const stack = new TokenVendingStack(app, 'TokenVending', { tokenVending, env: { account: ACCOUNT, region: REGION } });
  const { templateFile } = app.synth().getStackByName(stack.stackName);
  const elements = stack.node.findAll().filter(CfnElement.isCfnElement);
  const paths = elements.map((each) => [String(stack.resolve(each.logicalId)), pathInStack(each.node.path)] as const);
  return { app, templateFile: join(outdir, templateFile), paths: new Map(paths) };
}

/** A construct's path without the stack's own name, and without the ID `Default`, as logical IDs leave it out. */
export function pathInStack(path: string): string {
  return path.replace(/^TokenVending\//, '').replace(/(?<=^|\/)Default\//g, '');
}
