// The function that a platform team writes in an afternoon for the same task, from the parts that AWS's own examples use:
// Powertools for logs, metrics and the secret, the document client for the table, axios for the request. Each call looks
// into the table; there is no lease, so that callers who come at the same time each obtain a token.

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import axios from 'axios';

const EXPIRY_BUFFER_SECONDS = 60;

const logger = new Logger({ serviceName: 'token-service' });
const metrics = new Metrics({ namespace: 'TokenService', serviceName: 'token-service' });
const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient({}));

interface Event {
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

interface Context {
  readonly awsRequestId: string;
}

interface CachedToken {
  readonly accessToken: string;
  readonly scope: string;
  readonly expiresAt: number;
}

export async function handler(event: Event, context: Context) {
  logger.appendKeys({ requestId: context.awsRequestId });
  try {
    const body = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : event.body;
    const scope = new URLSearchParams(body).get('scope') ?? '';
    const cached = await readCache(scope);
    const token = cached ?? (await fetchToken(scope));
    const source = cached ? 'table' : 'mint';
    metrics.addMetric(cached ? 'CacheHit' : 'CacheMiss', MetricUnit.Count, 1);
    logger.info('token served', { source });
    return response(200, tokenBody(token), { 'x-token-source': source });
  } catch (error) {
    metrics.addMetric('Errors', MetricUnit.Count, 1);
    logger.error('could not get a token', error as Error);
    return response(500, { error: 'server_error' });
  } finally {
    metrics.publishStoredMetrics();
  }
}

async function readCache(scope: string): Promise<CachedToken | undefined> {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: process.env.TABLE_NAME, Key: { pk: `token#${scope}` }, ConsistentRead: true }),
  );
  const isValid = Item !== undefined && Item.expiresAt > nowSeconds() + EXPIRY_BUFFER_SECONDS;
  return isValid ? (Item as unknown as CachedToken) : undefined;
}

async function fetchToken(scope: string): Promise<CachedToken> {
  const secret = await getSecret<{ client_id: string; client_secret: string }>(String(process.env.SECRET_ID), {
    transform: 'json',
    maxAge: 300,
  });
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: String(secret?.client_id),
    client_secret: String(secret?.client_secret),
    scope,
  });
  const { data } = await axios.post(String(process.env.TOKEN_ENDPOINT), form, { timeout: 5_000 });
  const token = { accessToken: data.access_token, scope: data.scope, expiresAt: nowSeconds() + data.expires_in };
  await dynamo.send(new PutCommand({ TableName: process.env.TABLE_NAME, Item: { pk: `token#${scope}`, ...token } }));
  return token;
}

function tokenBody({ accessToken, scope, expiresAt }: CachedToken) {
  return { access_token: accessToken, token_type: 'Bearer', expires_in: expiresAt - nowSeconds(), scope };
}

function response(statusCode: number, body: object, headers: Record<string, string> = {}) {
  return { statusCode, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
