// The clients of the authorization server, their secrets, and the time from which a secret is refused.

import type { Grant } from './token-answers.ts';

/** Scopes as Emporix names them. A client secret has these unless it is given others. */
export const SOME_SCOPES: readonly string[] = [
  'category.category_manage',
  'category.category_publish',
  'category.category_read_unpublished',
  'category.category_unpublish',
  'customer.assistedBuying_manage',
  'media.asset_manage',
  'order.order_read',
  'payment-gateway.capture_manage',
  'price.price_manage',
  'product.product_manage',
  'product.product_read_unpublished',
];

export interface ClientSecret extends Grant {
  readonly refusedFromMs: number;
  /** No token of this secret lives longer. */
  readonly tokensEndAtMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export class ClientSecrets {
  readonly #defaults: Grant;
  /** By client ID, then by client secret. */
  readonly #clients = new Map<string, Map<string, ClientSecret>>();

  constructor(defaults: Grant) {
    this.#defaults = defaults;
  }

  hasClient(clientId: string): boolean {
    return this.#clients.has(clientId);
  }

  find(clientId: string, clientSecret: string): ClientSecret | undefined {
    return this.#clients.get(clientId)?.get(clientSecret);
  }

  accept(clientId: string, clientSecret: string, grant: Partial<Grant>): void {
    const secrets = this.#clients.get(clientId) ?? new Map<string, ClientSecret>();
    this.#clients.set(clientId, secrets);
    secrets.set(clientSecret, { ...this.#defaults, ...grant, refusedFromMs: NEVER, tokensEndAtMs: NEVER });
  }

  refuse(clientId: string, clientSecret: string, when: { fromMs: number; tokensEndAtMs: number }): void {
    const secret = this.find(clientId, clientSecret);
    if (!secret) throw new Error(`The client ${clientId} has no such secret`);
    const { fromMs: refusedFromMs, tokensEndAtMs } = when;
    this.#clients.get(clientId)?.set(clientSecret, { ...secret, refusedFromMs, tokensEndAtMs });
  }
}
