// The time limits of the functions, in milliseconds. Together they fit into the functions' own time-outs.

/** The vend function's own time-out. Lambda ends a request that takes longer. */
export const VEND_TIMEOUT_MS = 25_000;
/** The limit of all that an instance does for later requests while it starts. */
export const INIT_LIMIT_MS = 1_000;
/** Every answer is given this long before the time-out. */
export const ANSWER_RESERVE_MS = 1_000;

/** The limit of one mint: connecting, the request and one retry. */
export const MINT_LIMIT_MS = 8_000;
/** A caller with a valid token has its answer within this time, and waits for a mint for the shorter one. */
export const WAIT_MS = 2_000;
export const SHORT_WAIT_MS = WAIT_MS - 500;
/** A lease lasts for one mint, and for 2 s in which its token is published. */
export const LEASE_MS = MINT_LIMIT_MS + 2_000;
/** The time after a mint. In it the token is published, and another instance's token may be read. */
export const AFTER_MINT_MS = 3_000;
/** How long a publication is repeated that the table throttles or doesn't answer. */
export const PUBLISH_LIMIT_MS = 2_000;
/** The limit of one read of the table and the secret. */
export const READ_MS = 1_000;

/**
 * The limit of one attempt of a DynamoDB request. The client makes two attempts. The SDK's DynamoDB client has no
 * time-out of its own, and a table that is slower than this counts as unreachable.
 */
export const TABLE_REQUEST_MS = 500;
/**
 * The limit of an instance's first reads (two at its start, and one of the first request) and of its first write. They
 * open TLS connections, or run code for the first time with little CPU.
 */
export const FIRST_TABLE_REQUEST_MS = 1_000;
export const FIRST_READS = 3;
/** The limit for connecting to an AWS service, in a vend function. */
export const CONNECT_MS = 500;
/** The limit of one attempt of a Secrets Manager request in a vend function. The client makes two attempts. */
export const SECRET_REQUEST_MS = 1_000;

/**
 * The limit for comparing one allow-list in a rotation. The candidate and the current credential mint at the same time.
 */
export const COMPARISON_LIMIT_MS = 8_000;
/**
 * The limits for connecting to Secrets Manager and for one attempt of three, in a rotation function. No caller waits.
 */
export const ROTATION_CONNECT_MS = 1_000;
export const ROTATION_SECRET_REQUEST_MS = 3_000;
/** The limit for all Secrets Manager calls of one step of a rotation, if each of them is slow. */
export const ROTATION_SECRETS_MS = 60_000;

/** The limit of a canary's unsigned request. Each of its two signed ones may take as long as a vend. */
export const UNSIGNED_REQUEST_MS = 5_000;
/** A canary's own time-out. A run ends before the next one begins, a minute later at the earliest. */
export const CANARY_TIMEOUT_MS = 2 * VEND_TIMEOUT_MS + UNSIGNED_REQUEST_MS + 3_000;
