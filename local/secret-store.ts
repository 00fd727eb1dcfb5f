// Secrets in memory, with the real rules for versions and labels: a label is on one version at a time, the first
// version gets AWSCURRENT, AWSPREVIOUS moves to the version that loses AWSCURRENT, and a repeated request changes
// nothing.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version

import { randomBytes } from 'node:crypto';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './names.ts';

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
const PENDING = 'AWSPENDING';

export type SecretsManagerErrorCode =
  | 'InvalidParameterException'
  | 'InvalidRequestException'
  | 'ResourceExistsException'
  | 'ResourceNotFoundException'
  | 'SerializationException'
  | 'UnknownOperationException'
  | 'ValidationException';

export class SecretsManagerError extends Error {
  readonly code: SecretsManagerErrorCode;

  constructor(code: SecretsManagerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A secret's value as it is sent: text, or bytes in base64. */
export interface SecretValue {
  readonly SecretString?: string;
  readonly SecretBinary?: string;
}

export interface Version {
  readonly id: string;
  /** Undefined if a rotation has begun with this version and has put no value yet. */
  value: SecretValue | undefined;
  readonly createdAtSeconds: number;
  readonly labels: Set<string>;
}

export class Secret {
  readonly name: string;
  readonly arn: string;
  readonly createdAtSeconds: number;
  readonly versions = new Map<string, Version>();

  constructor(name: string, createdAtSeconds: number) {
    this.name = name;
    this.createdAtSeconds = createdAtSeconds;
    const suffix = randomBytes(3).toString('hex');
    this.arn = `arn:aws:secretsmanager:${LOCAL_REGION}:${LOCAL_ACCOUNT}:secret:${name}-${suffix}`;
  }

  /** Adds a version with its labels, which other versions then lose. A repeated request returns the same version. */
  put(id: string, value: SecretValue, labels: readonly string[], nowSeconds: number): Version {
    const existing = this.versions.get(id);
    if (existing?.value) return this.#repeated(existing, value);
    const isFirst = this.versions.size === 0;
    const version = existing ?? { id, value, createdAtSeconds: nowSeconds, labels: new Set() };
    version.value = value;
    this.versions.set(id, version);
    for (const label of new Set(isFirst ? [...labels, CURRENT] : labels)) this.#attach(label, version);
    return version;
  }

  /** Begins a rotation with a version that has no value and is labelled AWSPENDING. Only one can be in progress. */
  begin(id: string, nowSeconds: number): Version {
    const pending = this.#holderOf(PENDING);
    if (pending && pending.id !== id && !pending.labels.has(CURRENT)) {
      const message = `A previous rotation isn't complete. That rotation will be reattempted.`;
      throw new SecretsManagerError('InvalidRequestException', message);
    }
    const version = this.versions.get(id) ?? { id, value: undefined, createdAtSeconds: nowSeconds, labels: new Set() };
    this.versions.set(id, version);
    this.#attach(PENDING, version);
    return version;
  }

  /** Finds a version by ID, by label, or by both if they agree. Without either, it finds AWSCURRENT. */
  find(id: string | undefined, label: string | undefined): Version {
    if (id !== undefined) {
      const version = this.#version(id);
      if (label === undefined || version.labels.has(label)) return version;
      throw new SecretsManagerError(
        'InvalidRequestException',
        'You provided a VersionStage that is not associated to the provided VersionId.',
      );
    }
    const searchedLabel = label ?? CURRENT;
    const version = this.#holderOf(searchedLabel);
    if (version) return version;
    throw new SecretsManagerError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for staging label: ${searchedLabel}`,
    );
  }

  moveLabel(label: string, toId: string | undefined, fromId: string | undefined): void {
    const holder = this.#holderOf(label);
    const target = toId === undefined ? undefined : this.#version(toId);
    if (fromId !== undefined) this.#version(fromId);
    if (!target && fromId === undefined) {
      throw invalid('You must specify MoveToVersionId, RemoveFromVersionId, or both.');
    }
    if (fromId !== undefined && holder?.id !== fromId) {
      throw invalid(`Staging label ${label} is not currently attached to version ${fromId}.`);
    }
    if (!target && label === CURRENT) {
      throw invalid(
        `You can only move staging label ${CURRENT} to a different secret version. It can't be completely removed.`,
      );
    }
    if (target && holder && holder !== target && fromId === undefined) {
      throw invalid(
        `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ` +
          `${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
      );
    }
    if (target) this.#attach(label, target);
    else holder?.labels.delete(label);
  }

  #attach(label: string, target: Version): void {
    const holder = this.#holderOf(label);
    if (holder === target) return;
    holder?.labels.delete(label);
    target.labels.add(label);
    if (label === CURRENT && holder) this.#attach(PREVIOUS, holder);
  }

  #holderOf(label: string): Version | undefined {
    return [...this.versions.values()].find((version) => version.labels.has(label));
  }

  #version(id: string): Version {
    const version = this.versions.get(id);
    if (version) return version;
    throw new SecretsManagerError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for VersionId: ${id}`,
    );
  }

  #repeated(existing: Version, value: SecretValue): Version {
    const isSame =
      existing.value?.SecretString === value.SecretString && existing.value?.SecretBinary === value.SecretBinary;
    if (isSame) return existing;
    throw new SecretsManagerError(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${existing.id} because that value is already in use for a version of secret ${this.arn}.`,
    );
  }
}

function invalid(message: string): SecretsManagerError {
  return new SecretsManagerError('InvalidParameterException', message);
}
