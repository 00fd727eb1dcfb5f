// Verified rotation: Secrets Manager's four steps. The version labelled CANDIDATE is copied to AWSPENDING, tested at
// the authorization server, and only then made AWSCURRENT. Every step may be repeated, also after a crash between any
// two calls: it reads the labels first and does only what is still missing.
//
// A plain `put-secret-value` during a rotation is not undone: the version that is current when the rotation begins is
// labelled COMPARED, and AWSCURRENT is moved only from there. A failed rotation keeps the label, because Secrets Manager
// may repeat it by itself after the secret was replaced. Only the next rotation, which has a new version, moves it.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html

import { errorName, failureFields, stackFrames, VendingError } from '../errors.ts';
import { Credential } from '../oauth/credential.ts';
import type { Comparison } from './comparison.ts';
import type { OperatorCommands } from './operator-commands.ts';
import type { RotationLog } from './rotation-log.ts';
import {
  CANDIDATE,
  COMPARED,
  CURRENT,
  type Labels,
  PENDING,
  type StagedSecret,
  type VersionValue,
} from './staged-secret.ts';

export interface RotationProps {
  readonly secret: StagedSecret;
  readonly comparison: Comparison;
  readonly log: RotationLog;
  /** The only secret of this function, as Secrets Manager names it. */
  readonly secretId: string;
  readonly commands: OperatorCommands;
}

/** Does one step for one version, and returns its outcome in a few words. */
type Step = (version: string) => Promise<string>;

export class Rotation {
  readonly #props: RotationProps;
  readonly #steps: ReadonlyMap<string, Step>;

  constructor(props: RotationProps) {
    this.#props = props;
    this.#steps = new Map<string, Step>([
      ['createSecret', (version) => this.#create(version)],
      // No API creates credentials, so the candidate is one that the authorization server already knows.
      ['setSecret', async () => 'nothing to set'],
      ['testSecret', (version) => this.#test(version)],
      ['finishSecret', (version) => this.#finish(version)],
    ]);
  }

  /**
   * Runs one step. A step that fails leaves AWSCURRENT as it was and clears AWSPENDING, because Secrets Manager begins
   * no rotation while AWSPENDING is on a version that is not current.
   * @throws VendingError, whose message is for the operator
   */
  async run(event: unknown): Promise<void> {
    const { Step: step, SecretId, ClientRequestToken: version } = fieldsOf(event);
    const run = this.#steps.get(step);
    if (!run || SecretId !== this.#props.secretId || version === '') {
      throw this.#failed(
        'unknown',
        'unknown',
        new VendingError('invalid_request', this.#eventProblem(run !== undefined)),
      );
    }
    try {
      const outcome = await run(version);
      this.#props.log.stepDone({ step, version, outcome });
    } catch (error) {
      const labelsAfter = await this.#clear(version);
      throw this.#failed(step, version, error, labelsAfter);
    }
  }

  /** createSecret: the current version is labelled COMPARED, and the candidate's value is copied to the new version. */
  async #create(version: string): Promise<string> {
    const { secret } = this.#props;
    const labels = await secret.labels();
    if (labels.get(CURRENT) === version) return 'the version is current already';
    this.#assertNoOtherRotation(labels, version);
    const candidate = await this.#candidate(labels);
    const written = await secret.read(version);
    if (written === undefined) {
      await this.#labelCompared(labels);
      await secret.put(version, candidate, PENDING);
    } else if (!written.equals(candidate)) {
      throw new VendingError('misconfigured', 'the candidate was replaced meanwhile: start the rotation again');
    } else if (labels.get(PENDING) !== version) {
      await secret.move(PENDING, labels.get(PENDING), version);
    }
    return 'the candidate is pending';
  }

  /**
   * testSecret: Secrets Manager also runs it alone when a schedule is set up. Then there is nothing to test, and it
   * succeeds.
   */
  async #test(version: string): Promise<string> {
    const { secret, comparison } = this.#props;
    const labels = await secret.labels();
    if (!labels.has(CANDIDATE)) return `nothing to test: there is no ${CANDIDATE}`;
    if (labels.get(PENDING) !== version) return `nothing to test: the version is not ${PENDING}`;
    const [pending, current] = await Promise.all([secret.read(version), this.#labelled(CURRENT, labels)]);
    if (!(pending?.credential instanceof Credential)) return 'nothing to test: the version holds no credential';
    if (pending.hasSameCredential(current)) return 'nothing to test: it is the current credential';
    this.#assertNotReplaced(labels);
    await comparison.run(pending.credential, credentialOf(current));
    return 'the candidate is granted all that it must be';
  }

  /**
   * finishSecret: the tested version becomes current. Then the labels of this rotation are removed, so that the
   * candidate is not used again.
   */
  async #finish(version: string): Promise<string> {
    const { secret } = this.#props;
    let labels = await secret.labels();
    const value = await secret.read(version);
    if (labels.get(CURRENT) !== version) {
      await this.#assertTested(labels, version, value);
      await this.#makeCurrent(version, labels.get(COMPARED));
      labels = await secret.labels();
    }
    if (labels.get(PENDING) === version) await secret.remove(PENDING, version);
    const candidate = labels.get(CANDIDATE);
    // A candidate that was staged meanwhile has another value, and stays.
    const isTestedCandidate = value?.equals(await this.#labelled(CANDIDATE, labels)) ?? false;
    if (candidate !== undefined && isTestedCandidate) await secret.remove(CANDIDATE, candidate);
    const compared = labels.get(COMPARED);
    // If the current version is labelled, the next rotation has begun, and needs the label.
    if (compared !== undefined && compared !== version) await secret.remove(COMPARED, compared);
    return 'the version is current';
  }

  async #labelCompared(labels: Labels): Promise<void> {
    const current = labels.get(CURRENT);
    const compared = labels.get(COMPARED);
    if (current !== undefined && compared !== current) await this.#props.secret.move(COMPARED, compared, current);
  }

  /** Moves AWSCURRENT from the version labelled COMPARED. Secrets Manager refuses that if AWSCURRENT is elsewhere. */
  async #makeCurrent(version: string, compared: string | undefined): Promise<void> {
    const { secret } = this.#props;
    try {
      await secret.move(CURRENT, compared, version);
    } catch (error) {
      const labels = await secret.labels();
      // The client repeats a call whose answer was lost, and the repeated one is refused.
      if (labels.get(CURRENT) === version) return;
      this.#assertNotReplaced(labels);
      throw error;
    }
  }

  /** The staged candidate. @throws VendingError if it is no credential, or is the current one */
  async #candidate(labels: Labels): Promise<VersionValue> {
    const candidate = await this.#labelled(CANDIDATE, labels);
    if (!candidate) throw this.#stageFirst(`no version of the secret is labelled ${CANDIDATE}`);
    if (typeof candidate.credential === 'string') throw this.#stageFirst(`the candidate ${candidate.credential}`);
    if (candidate.hasSameCredential(await this.#labelled(CURRENT, labels))) {
      throw this.#stageFirst('the candidate is the current credential');
    }
    return candidate;
  }

  async #labelled(label: string, labels: Labels): Promise<VersionValue | undefined> {
    const version = labels.get(label);
    return version === undefined ? undefined : await this.#props.secret.read(version);
  }

  /**
   * Secrets Manager begins no second rotation, but an event may come from another sender, or long after its rotation.
   */
  #assertNoOtherRotation(labels: Labels, version: string): void {
    const pending = labels.get(PENDING);
    if (pending === undefined || pending === version || pending === labels.get(CURRENT)) return;
    const problem = 'another rotation is under way, or was left behind';
    throw new VendingError('misconfigured', `${problem}; to end it: ${this.#props.commands.endRotation(pending)}`);
  }

  /** The candidate may replace only the version that it is compared with. */
  #assertNotReplaced(labels: Labels): void {
    const compared = labels.get(COMPARED);
    if (compared === undefined) {
      throw new VendingError('misconfigured', `no version is labelled ${COMPARED}: start the rotation again`);
    }
    if (compared === labels.get(CURRENT)) return;
    const problem = 'the secret was replaced while it was rotated, and the new value stays current';
    const advice = `to test the candidate against it, run: ${this.#props.commands.rotate()}`;
    throw new VendingError('misconfigured', `${problem}; ${advice}`);
  }

  /** A version is made current only if it is pending and equal to the candidate, because only that one was tested. */
  async #assertTested(labels: Labels, version: string, value: VersionValue | undefined): Promise<void> {
    const isPending = labels.get(PENDING) === version && value?.credential instanceof Credential;
    if (isPending && value.equals(await this.#labelled(CANDIDATE, labels))) return;
    throw new VendingError(
      'misconfigured',
      'the version is not the candidate that was tested: start the rotation again',
    );
  }

  /** Clears AWSPENDING. @returns the state of the labels after that, as a text for the operator */
  async #clear(version: string): Promise<string> {
    const { secret, commands } = this.#props;
    try {
      const labels = await secret.labels();
      if (labels.get(CURRENT) === version) return '';
      if (labels.get(PENDING) === version) await secret.remove(PENDING, version);
      return `; ${CURRENT} is unchanged`;
    } catch {
      const problem = `${PENDING} could not be cleared: if the next rotation does not begin`;
      return `; ${problem}, run: ${commands.endRotation(version)}`;
    }
  }

  #failed(step: string, version: string, error: unknown, labelsAfter = ''): VendingError {
    const [code, reason] =
      error instanceof VendingError
        ? [error.code, error.message]
        : (['unavailable', `the rotation function failed (${errorName(error)})`] as const);
    const description = `${reason}${labelsAfter}`;
    const stack = error instanceof VendingError ? {} : { stack: stackFrames(error) };
    this.#props.log.rotationFailed({ step, version, ...failureFields(error), error: code, description, ...stack });
    return new VendingError(code, description);
  }

  #stageFirst(problem: string): VendingError {
    return new VendingError('misconfigured', `${problem}; stage one: ${this.#props.commands.stage()}`);
  }

  #eventProblem(isKnownStep: boolean): string {
    return isKnownStep
      ? `this function rotates the secret ${this.#props.secretId}, one version at a time, and nothing else`
      : `the step must be one of: ${[...this.#steps.keys()].join(', ')}`;
  }
}

function credentialOf(value: VersionValue | undefined): Credential | undefined {
  return value?.credential instanceof Credential ? value.credential : undefined;
}

function fieldsOf(event: unknown): { Step: string; SecretId: string; ClientRequestToken: string } {
  const fields = (typeof event === 'object' && event !== null ? event : {}) as Record<string, unknown>;
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
  return { Step: text('Step'), SecretId: text('SecretId'), ClientRequestToken: text('ClientRequestToken') };
}
