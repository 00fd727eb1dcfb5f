// The proxy in front of a service passes requests on, records them, and lets the ones fail that a suite chooses.

import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { STAND_IN_CLIENT } from '../../local/names.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { Opened } from '../../testbed/opened.ts';
import { ServiceProxy } from '../../testbed/processes/service-proxy.ts';

const NOW_MS = 1_900_000_000_000;
const opened = new Opened();
let proxy: ServiceProxy;
let client: SecretsManagerClient;

beforeAll(async () => {
  const { url, close } = await startSecretsManager();
  await opened.keep({ close });
  proxy = await opened.keep(ServiceProxy.start(url, () => NOW_MS));
  client = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint: proxy.url, maxAttempts: 1 });
});

afterAll(async () => {
  client.destroy();
  await opened.close();
});

beforeEach(() => {
  proxy.requests.length = 0;
  proxy.faultOf = () => undefined;
});

const create = (Name: string) => client.send(new CreateSecretCommand({ Name, SecretString: 'a value' }));
const read = (SecretId: string) => client.send(new GetSecretValueCommand({ SecretId }));

test('a request is passed on, and recorded with its parameters and the time of the run', async () => {
  await create('passed-on');
  expect((await read('passed-on')).SecretString).toBe('a value');
  expect(proxy.requests).toMatchObject([
    { operation: 'CreateSecret', atMs: NOW_MS },
    { operation: 'GetSecretValue', input: { SecretId: 'passed-on' }, atMs: NOW_MS },
  ]);
});

test('only the chosen request is refused, and it never reaches the service', async () => {
  proxy.faultOf = ({ operation }) =>
    operation === 'CreateSecret' ? { refusesWith: 'ThrottlingException' } : undefined;
  await expect(create('refused')).rejects.toMatchObject({ name: 'ThrottlingException' });
  await expect(read('refused')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('a request whose answer is lost has been done', async () => {
  proxy.faultOf = () => ({ losesAnswer: true });
  await expect(create('lost')).rejects.toThrow('socket hang up');
  proxy.faultOf = () => undefined;
  expect((await read('lost')).SecretString).toBe('a value');
});

test.each(['of the service', 'of the proxy'])('an error %s is dated by the clock of the run', async (origin) => {
  if (origin === 'of the proxy') proxy.faultOf = () => ({ refusesWith: 'AccessDeniedException' });
  const body = '{"SecretId":"none"}';
  const headers = { 'x-amz-target': 'secretsmanager.GetSecretValue' };
  const { status, headers: answered } = await fetch(proxy.url, { method: 'POST', headers, body });
  expect(status).toBe(400);
  expect(answered.get('date')).toBe(new Date(NOW_MS).toUTCString());
});
