// Token vending for a CDK app: `new TokenVending(this, 'Vending', { credentials, profiles })` in any stack.

export { ConfigError } from './config-error.ts';
export type { Credential } from './credential.ts';
export type { Profile } from './profile.ts';
export type {
  AlarmOptions,
  CredentialOptions,
  DeploymentOptions,
  ProfileOptions,
  SecretFieldOptions,
  StrictSecretPolicyOptions,
  TokenVendingProps,
} from './props.ts';
export { TokenVending } from './token-vending.ts';
