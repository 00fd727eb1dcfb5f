// How much a vend writes to its log: the real handler's own line, for each scope set.

import { parseTokenResponse } from '../../lambda/oauth/token.ts';
import { Telemetry } from '../../lambda/telemetry.ts';
import { createHandler } from '../../lambda/vend/http.ts';
import type { Fleet } from './fleet.ts';
import { PLATFORM_LOG_BYTES } from './model.ts';

/** Bytes per call, Lambda's own lines with them; the mean over what callers ask for. */
export async function logBytesPerCall(fleet: Fleet): Promise<number> {
  let mean = PLATFORM_LOG_BYTES;
  for (const [scopeSet, share] of fleet.popularity.shares.entries()) {
    const scopes = fleet.scopeSets.named(scopeSet);
    const facts = { requestedAtMs: fleet.time.nowMs(), scopes, random: 0.5 };
    const { token } = parseTokenResponse(fleet.services.token(scopeSet), facts);
    const credentialVersion = fleet.services.currentVersion;
    let bytes = 0;
    const handler = createHandler({
      vendor: { vend: async () => ({ token, credentialVersion, source: 'memory', isOfReplacedCredential: false }) },
      telemetry: new Telemetry({ profile: 'default', clock: fleet.time, write: (line) => (bytes += line.length) }),
      clock: fleet.time,
      profile: 'default',
    });
    await handler(EVENT(scopes?.toString() ?? ''), CONTEXT);
    mean += share * bytes;
  }
  return Math.round(mean);
}

const CONTEXT = { awsRequestId: '00000000-0000-0000-0000-000000000000', getRemainingTimeInMillis: () => 25_000 };

const EVENT = (scope: string) => ({
  rawPath: '/oauth/token',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ scope }).toString(),
  isBase64Encoded: false,
  requestContext: {
    http: { method: 'POST', path: '/oauth/token', sourceIp: '10.0.0.1', userAgent: 'aws-sdk' },
    requestId: '00000000-0000-0000-0000-000000000000',
    accountId: '111122223333',
    authorizer: {
      iam: {
        accountId: '111122223333',
        userArn: 'arn:aws:sts::111122223333:assumed-role/orders/orders-production',
        userId: 'AROAEXAMPLEEXAMPLE:orders-production',
        callerId: 'AROAEXAMPLEEXAMPLE:orders-production',
      },
    },
  },
});
