/** What is read of a function URL's event (payload format 2.0). Any field may be missing or of another type. */
export interface FunctionUrlEvent {
  readonly rawPath?: unknown;
  readonly rawQueryString?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
  readonly requestContext?: unknown;
}
