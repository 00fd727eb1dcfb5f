// The OpenAPI document, docs/openapi.json, as it reads for one deployment.

import document from '../../docs/openapi.json' with { type: 'json' };

/** What a deployment knows more than the document, which is of all. */
export interface Deployment {
  readonly profile: string;
  /** The allow-list, all of which the credential holds. */
  readonly scopes: readonly string[];
}

/** The lifetime of tokens with which `min_ttl` may have eight digits: three quarters of it are 99,999,999 s. */
export const LIFETIME_SECONDS = 133_333_333;

/** The document with what depends on the deployment narrowed to what is granted there. */
export function documentOf({ profile, scopes }: Deployment) {
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
        MinTtl: { ...schemas.MinTtl, maximum: 99_999_999 },
        MinTtlText: { ...schemas.MinTtlText, pattern: '^[0-9]{0,8}$' },
      },
    },
  };
}
