// How long things may take, in one place: what the functions' time-outs leave is shared out here. Milliseconds.

/** The vend function's own time-out: Lambda ends a request that takes longer. */
export const VEND_TIMEOUT_MS = 25_000;
/** Every answer leaves this much before the time-out. */
export const ANSWER_RESERVE_MS = 1_000;

/** One mint as a whole: connecting, the request, one retry. */
export const MINT_LIMIT_MS = 8_000;
/** A lease lasts for a whole mint, and 2 s to publish its token. */
export const LEASE_MS = MINT_LIMIT_MS + 2_000;
/** What follows a mint: publishing it, and reading what another instance published. */
export const AFTER_MINT_MS = 3_000;
/** One read of the table and the secret. */
export const READ_MS = 1_000;

/**
 * One attempt of a DynamoDB request; the client makes two. The SDK's DynamoDB client has no time-out of its own, and a
 * table slower than this is as good as unreachable.
 */
export const TABLE_REQUEST_MS = 500;
/** The first request opens a TLS connection, for which an instance that has just started has little CPU. */
export const FIRST_TABLE_REQUEST_MS = 1_000;
/** Connecting to AWS's services, in a vend function. */
export const CONNECT_MS = 500;
/** One attempt of a Secrets Manager request in a vend function; the client makes two. */
export const SECRET_REQUEST_MS = 1_000;

/** In a rotation: one allow-list is compared, with the candidate and the current credential side by side. */
export const COMPARISON_LIMIT_MS = 8_000;
/** In a rotation function, where nobody waits: connecting to Secrets Manager, and one attempt of three. */
export const ROTATION_CONNECT_MS = 1_000;
export const ROTATION_SECRET_REQUEST_MS = 3_000;
/** In a rotation: all Secrets Manager calls of one step, each as slow as it may be. */
export const ROTATION_SECRETS_MS = 60_000;
