/** A client, as it is registered with an authorization server (RFC 6749 §2). */
export interface ClientRegistration {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
}
