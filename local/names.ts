// The account that exists only on this machine: what the stand-ins call themselves and what they take as credentials.

export const LOCAL_REGION = 'eu-central-1';
export const LOCAL_ACCOUNT = '000000000000';

/** What callers of the local function URL sign with, and what the function signs with towards the stand-ins. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;

/** Options of an AWS SDK client that talks to a stand-in; add its endpoint. */
export const STAND_IN_CLIENT = { region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS } as const;
