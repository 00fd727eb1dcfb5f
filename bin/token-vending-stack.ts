// The stack that `npx cdk deploy` deploys: token vending and nothing else.

import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { TokenVending, type TokenVendingProps } from '../lib/index.ts';

export interface TokenVendingStackProps extends StackProps {
  readonly tokenVending: TokenVendingProps;
}

export class TokenVendingStack extends Stack {
  readonly vending: TokenVending;

  constructor(scope: Construct, id: string, { tokenVending, ...props }: TokenVendingStackProps) {
    super(scope, id, props);
    // CloudFormation's logical IDs leave out the ID "Default". With another ID, a stack that was deployed by an earlier
    // version would get a new table, new functions and a new, empty secret.
    this.vending = new TokenVending(this, 'Default', tokenVending);
  }
}
