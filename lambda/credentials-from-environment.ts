// In the bundle this stands in for the SDK's chain of credential providers (SSO, profiles, STS and more), which is 85 KB:
// Lambda puts the role's credentials into the environment.

export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
