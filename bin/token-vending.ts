// The CDK app: `npx cdk synth`, `npx cdk deploy`. Configured by cdk.json and `-c tokenVending:KEY=VALUE`.

import { App } from 'aws-cdk-lib';
import { readOverrides } from '../lib/config-overrides.ts';
import { ConfigError, type TokenVendingProps } from '../lib/index.ts';
import { TokenVendingStack } from './token-vending-stack.ts';

const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;

try {
  const app = new App();
  new TokenVendingStack(app, 'TokenVending', {
    description: 'Vends OAuth 2.0 client-credentials tokens to internal services through IAM-authorized function URLs',
    // The construct checks it.
    tokenVending: readOverrides(app.node.getAllContext()) as TokenVendingProps,
    env: { ...(account && { account }), ...(region && { region }) },
  });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  // At once: at an ordinary end of the process, the app would synthesize what there is of the stack.
  process.exit(1);
}
