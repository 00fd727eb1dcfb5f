// The faults that a test of a consumer can switch on.

/**
 * - `down`: connections to the server are cut.
 * - `slowByMs`: each answer comes so many milliseconds later.
 * - `throttledForSeconds`: each request is refused with 429 and a `Retry-After` that ends with this time. After it the
 *   server is healthy.
 */
export type ServerState = 'healthy' | 'down' | { readonly slowByMs: number } | { readonly throttledForSeconds: number };

/** Each method throws an Error if a real authorization server is used. */
export interface LocalFaults {
  /**
   * Sets the state of the authorization server, which begins as `healthy`. A valid token is vended in every state. The
   * function remembers a failed mint for as long as the server asked, else up to 25 s; `clear` makes it forget.
   */
  setServer(state: ServerState): void;
  /**
   * The authorization server ends a token now (`isActive`). The function learns it only from a caller that reports the
   * token as rejected.
   * @throws Error if the token is not one of this server's
   */
  revoke(accessToken: string): void;
  /**
   * Replaces the client secret, and then the function's instances, so that the next call knows it without waiting for a
   * minute. Tokens of the replaced secret stay active.
   * @param how `rightly`: the server accepts the new one and refuses the old one, as after a renewal in the developer
   * portal. `wrongly`: the operator has put one that the server refuses, and the old one goes on minting.
   */
  replaceSecret(how: 'rightly' | 'wrongly'): Promise<void>;
  /**
   * Switches all faults off and makes the function forget all that it knows, so that the next call mints. Revoked tokens
   * stay revoked.
   */
  clear(): Promise<void>;
}
