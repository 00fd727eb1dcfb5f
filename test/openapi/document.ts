// The OpenAPI document, docs/openapi.json, narrowed to one deployment.

import document from '../../docs/openapi.json' with { type: 'json' };

/** What the document leaves open, because it describes every deployment. */
export interface Deployment {
  readonly profile: string;
  /** The allow-list. The credential holds all of it. */
  readonly scopes: readonly string[];
  /** The audience among the credential's parameters, which have nothing else. */
  readonly audience: string;
}

/** With this lifetime `min_ttl` may have eight digits, because three quarters of it are 99,999,999 s. */
export const LIFETIME_SECONDS = 133_333_333;

/** The document that allows only what this deployment grants. */
export function documentOf({ profile, scopes, audience }: Deployment) {
  const { schemas } = document.components;
  const scope = `(${scopes.map((name) => name.replaceAll('.', '\\.')).join('|')})`;
  return {
    ...document,
    components: {
      ...document.components,
      schemas: {
        ...schemas,
        ClientId: { ...schemas.ClientId, enum: [profile, ''] },
        ScopeList: { ...schemas.ScopeList, pattern: `^(${scope}( ${scope})*)?$` },
        AudienceValue: { ...schemas.AudienceValue, enum: [audience, ''] },
        ResourceValue: { ...schemas.ResourceValue, enum: [''] },
        AuthorizationDetails: { ...schemas.AuthorizationDetails, enum: [''] },
        MinTtl: { ...schemas.MinTtl, maximum: 99_999_999 },
        MinTtlText: { ...schemas.MinTtlText, pattern: '^[0-9]{0,8}$' },
      },
    },
  };
}
