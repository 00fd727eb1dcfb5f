// A Secrets Manager in memory for the real SDK client: it uses the real protocol (JSON 1.1, with the operation in
// X-Amz-Target). It checks no signatures, because only the function on this machine calls it.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { addFaults, type Faults } from './faults.ts';
import { type Listening, listen, readBody } from './http.ts';
import { Secret, SecretsManagerError, type SecretValue, type Version } from './secret-store.ts';

const MAX_REQUEST_BYTES = 1024 * 1024;
const MAX_VALUE_BYTES = 65_536;

type Input = Readonly<Record<string, unknown>>;
type Operation = (secrets: Secrets, input: Input) => object;

export interface LocalSecretsManager extends Listening {
  readonly faults: Faults;
  /** Creates a secret, or puts a new value that becomes AWSCURRENT. Returns the ARN. @param id the name, or the ARN */
  put(id: string, text: string): string;
}

/** Starts an empty Secrets Manager. Secrets are created with the SDK, as in AWS, or with `put`. */
export async function startSecretsManager(): Promise<LocalSecretsManager> {
  const secrets = new Secrets();
  const server = createServer((request, response) => void answer(secrets, request, response));
  const faults = addFaults(server);
  return { ...(await listen(server)), faults, put: (id, text) => secrets.put(id, text).arn };
}

class Secrets {
  readonly #byName = new Map<string, Secret>();

  find(input: Input): Secret {
    const secret = this.#find(requiredText(input, 'SecretId'));
    if (secret) return secret;
    throw new SecretsManagerError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }

  /** A repeated CreateSecret, with the same token and value, gets the answer of the first one. */
  create(name: string, versionId: string): Secret {
    const existing = this.#byName.get(name);
    if (existing && !existing.versions.has(versionId)) {
      throw new SecretsManagerError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    const secret = existing ?? new Secret(name, nowSeconds());
    this.#byName.set(name, secret);
    return secret;
  }

  put(id: string, text: string): Secret {
    const versionId = randomUUID();
    const secret = this.#find(id) ?? this.create(id, versionId);
    secret.put(versionId, { SecretString: text }, ['AWSCURRENT'], nowSeconds());
    return secret;
  }

  #find(id: string): Secret | undefined {
    return this.#byName.get(id) ?? [...this.#byName.values()].find(({ arn }) => arn === id);
  }
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateSecret(secrets, input) {
    const versionId = versionIdOf(input);
    const value = optionalValue(input);
    const secret = secrets.create(requiredText(input, 'Name'), versionId);
    const version = value && secret.put(versionId, value, ['AWSCURRENT'], nowSeconds());
    return { ...identity(secret), ...(version && { VersionId: version.id }) };
  },
  DescribeSecret(secrets, input) {
    const secret = secrets.find(input);
    const labelled = [...secret.versions.values()].filter(({ labels }) => labels.size > 0);
    return {
      ...identity(secret),
      CreatedDate: secret.createdAtSeconds,
      VersionIdsToStages: Object.fromEntries(labelled.map(({ id, labels }) => [id, [...labels]])),
    };
  },
  GetSecretValue(secrets, input) {
    const secret = secrets.find(input);
    const label = optionalText(input, 'VersionStage');
    const version = secret.find(optionalText(input, 'VersionId'), label);
    if (!version.value) {
      throw new SecretsManagerError(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret value for staging label: ${label ?? 'AWSCURRENT'}`,
      );
    }
    return { ...described(secret, version), ...version.value, CreatedDate: version.createdAtSeconds };
  },
  PutSecretValue(secrets, input) {
    const secret = secrets.find(input);
    const value = optionalValue(input);
    if (!value) throw invalid('You must provide either SecretString or SecretBinary.');
    const labels = labelsOf(input) ?? ['AWSCURRENT'];
    return described(secret, secret.put(versionIdOf(input), value, labels, nowSeconds()));
  },
  /** Only begins the rotation: the caller then runs the four steps of the rotation function. */
  RotateSecret(secrets, input) {
    const secret = secrets.find(input);
    return { ...identity(secret), VersionId: secret.begin(versionIdOf(input), nowSeconds()).id };
  },
  UpdateSecretVersionStage(secrets, input) {
    const secret = secrets.find(input);
    const label = requiredText(input, 'VersionStage');
    secret.moveLabel(label, optionalText(input, 'MoveToVersionId'), optionalText(input, 'RemoveFromVersionId'));
    return identity(secret);
  },
};

async function answer(secrets: Secrets, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let status = 200;
  let body: object;
  try {
    const sent = await readBody(request, MAX_REQUEST_BYTES);
    body = operationOf(request)(secrets, parse(sent?.toString() ?? ''));
  } catch (error) {
    const isKnown = error instanceof SecretsManagerError;
    status = isKnown ? 400 : 500;
    body = isKnown ? { __type: error.code, Message: error.message } : { __type: 'InternalServiceError' };
  }
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() });
  response.end(JSON.stringify(body));
}

function operationOf(request: IncomingMessage): Operation {
  const [service, name = ''] = String(request.headers['x-amz-target']).split('.');
  const operation = service === 'secretsmanager' && Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation && request.method === 'POST') return operation;
  throw new SecretsManagerError('UnknownOperationException', `The operation ${name} is not simulated.`);
}

function parse(body: string): Input {
  try {
    const input: unknown = JSON.parse(body);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input as Input;
  } catch {
    // A body that is not JSON gets the same answer as one that is not an object.
  }
  throw new SecretsManagerError('SerializationException', 'The request body is not a JSON object.');
}

function identity(secret: Secret): object {
  return { ARN: secret.arn, Name: secret.name };
}

function described(secret: Secret, version: Version): object {
  return { ...identity(secret), VersionId: version.id, VersionStages: [...version.labels] };
}

function optionalText(input: Input, key: string): string | undefined {
  const value = input[key];
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw new SecretsManagerError('SerializationException', `${key} is not a string.`);
}

function requiredText(input: Input, key: string): string {
  const value = optionalText(input, key);
  if (value) return value;
  throw new SecretsManagerError('ValidationException', `Value at '${key}' failed to satisfy constraint: not null`);
}

function versionIdOf(input: Input): string {
  const id = requiredText(input, 'ClientRequestToken');
  if (id.length < 32 || id.length > 64) throw invalid('ClientRequestToken must be 32-64 characters long.');
  return id;
}

function labelsOf(input: Input): readonly string[] | undefined {
  const labels = input.VersionStages;
  if (labels === undefined || labels === null) return undefined;
  if (Array.isArray(labels) && labels.length > 0 && labels.every((label) => typeof label === 'string')) return labels;
  throw new SecretsManagerError('ValidationException', "Value at 'versionStages' must hold at least one label");
}

function optionalValue(input: Input): SecretValue | undefined {
  const text = optionalText(input, 'SecretString');
  const binary = optionalText(input, 'SecretBinary');
  if (text !== undefined && binary !== undefined) {
    throw invalid("You can't specify both a binary secret value and a string secret value in the same secret.");
  }
  const bytes = text === undefined ? Buffer.from(binary ?? '', 'base64') : Buffer.from(text);
  if (bytes.length > MAX_VALUE_BYTES) {
    throw new SecretsManagerError('ValidationException', `The value must be at most ${MAX_VALUE_BYTES} bytes long.`);
  }
  if (text !== undefined) return { SecretString: text };
  return binary === undefined ? undefined : { SecretBinary: binary };
}

function invalid(message: string): SecretsManagerError {
  return new SecretsManagerError('InvalidParameterException', message);
}

function nowSeconds(): number {
  return Date.now() / 1000;
}
