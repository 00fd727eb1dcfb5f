// In the bundle, this replaces the SDK's chain of credential providers (SSO, profiles, STS and more), which has 85 KB.
// Lambda puts the role's credentials into the environment, so nothing else is needed.

export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
