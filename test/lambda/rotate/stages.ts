// One Secrets Manager for each file of tests, and stages that are closed after each test.

import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Listening } from '../../../local/http.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';
import { credentialOf, type Holding, openStage, type Stage, type StageOptions } from '../../../testbed/rotating.ts';

const CLIENTS = { old: { scopes: ['a', 'b'] }, new: { scopes: ['a', 'b'] }, newer: { scopes: ['a', 'b'] } };

export const OLD: Holding = { scopes: ['a', 'b'] };

export function useStages() {
  let server: Listening;
  const stages: Stage[] = [];
  beforeAll(async () => {
    server = await startSecretsManager();
  });
  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close();
  });
  afterAll(() => server.close());

  /** Opens a stage. @default one profile without an allow-list, and three clients that are granted the same scopes */
  async function open(options: Partial<Omit<StageOptions, 'endpoint'>> = {}): Promise<Stage> {
    const defaults = { endpoint: server.url, clients: CLIENTS, profiles: { orders: {} } };
    const stage = await openStage({ ...defaults, ...options });
    stages.push(stage);
    return stage;
  }

  /** Opens a stage with a candidate, and begins a rotation. */
  async function withCandidate() {
    const stage = await open();
    const candidate = await stage.put(credentialOf('new'), 'CANDIDATE');
    return { stage, candidate, version: await stage.begin() };
  }

  return { open, withCandidate, endpoint: () => server.url };
}

/** The labels if nothing has changed except that a candidate was staged. */
export const untouched = ({ first }: Stage, candidate?: string) => ({
  AWSCURRENT: first,
  ...(candidate !== undefined && { CANDIDATE: candidate }),
});

/** The labels if a rotation has failed at its test: the candidate and the version compared with it are labelled. */
export const notRotated = (stage: Stage, candidate: string) => ({
  ...untouched(stage, candidate),
  COMPARED: stage.first,
});

export interface Case extends Partial<Omit<StageOptions, 'endpoint' | 'clients'>> {
  readonly old?: Holding;
  readonly new?: Holding;
  readonly candidate?: string;
}

/** Rotates to the client `new`. @default it is granted the same scopes as the current one */
export function useAttempts() {
  const { open } = useStages();
  return async ({ candidate = credentialOf('new'), old = OLD, new: granted = OLD, ...options }: Case) => {
    const stage = await open({ clients: { old, new: granted }, ...options });
    const staged = await stage.put(candidate, 'CANDIDATE');
    const version = await stage.begin();
    const failure: unknown = await stage.rotate(version).catch((error: unknown) => error);
    return { stage, staged, version, failure };
  };
}

/** AWSCURRENT is untouched, AWSPENDING is cleared, CANDIDATE and COMPARED stay, and the next rotation can begin. */
export async function expectNothingChanged({ stage, staged }: { stage: Stage; staged: string }): Promise<void> {
  expect(await stage.labels()).toEqual(notRotated(stage, staged));
  await stage.begin();
}
