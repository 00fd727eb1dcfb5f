// The AWS account, region and credentials of the stand-ins. They exist on this machine only.

export const LOCAL_REGION = 'eu-central-1';
export const LOCAL_ACCOUNT = '000000000000';

/** Callers sign requests to the local function URL with these, and the function its requests to the stand-ins. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;

/** The options of an AWS SDK client that calls a stand-in, without the endpoint. */
export const STAND_IN_CLIENT = { region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS } as const;
/** The name of the stack in the metrics. */
export const LOCAL_STACK = 'local-mode';
