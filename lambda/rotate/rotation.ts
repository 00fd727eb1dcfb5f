// Verified rotation: Secrets Manager's four steps. The version labelled CANDIDATE is copied to AWSPENDING, tested at
// the authorization server, and only then made AWSCURRENT. Every step may be repeated, also after a crash between any
// two calls: it reads the labels first and does only what is still missing.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html

import { errorName, failureFields, stackFrames, VendingError } from '../errors.ts';
import { Credential } from '../oauth/credential.ts';
import type { Comparison } from './comparison.ts';
import type { RotationLog } from './rotation-log.ts';
import { CANDIDATE, CURRENT, type Labels, PENDING, type StagedSecret, type VersionValue } from './staged-secret.ts';

export interface RotationProps {
  readonly secret: StagedSecret;
  readonly comparison: Comparison;
  readonly log: RotationLog;
  /** The only secret of this function, as Secrets Manager names it. */
  readonly secretId: string;
  /** The region, for the commands that an operator is told to run. */
  readonly region: string;
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

  /** createSecret: the candidate's value is copied to the new version. */
  async #create(version: string): Promise<string> {
    const { secret } = this.#props;
    const labels = await secret.labels();
    if (labels.get(CURRENT) === version) return 'the version is current already';
    this.#assertNoOtherRotation(labels, version);
    const candidate = await this.#candidate(labels);
    const written = await secret.read(version);
    if (written === undefined) {
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
    await comparison.run(pending.credential, credentialOf(current));
    return 'the candidate is granted all that it must be';
  }

  /**
   * finishSecret: the tested version becomes current. Then the candidate's label is removed, so it is not used again.
   */
  async #finish(version: string): Promise<string> {
    const { secret } = this.#props;
    let labels = await secret.labels();
    const value = await secret.read(version);
    if (labels.get(CURRENT) !== version) {
      await this.#assertTested(labels, version, value);
      await secret.move(CURRENT, labels.get(CURRENT), version);
      labels = await secret.labels();
    }
    if (labels.get(PENDING) === version) await secret.remove(PENDING, version);
    const candidate = labels.get(CANDIDATE);
    // A candidate that was staged meanwhile has another value, and stays.
    const isTestedCandidate = value?.equals(await this.#labelled(CANDIDATE, labels)) ?? false;
    if (candidate !== undefined && isTestedCandidate) await secret.remove(CANDIDATE, candidate);
    return 'the version is current';
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
    const command = this.#command(
      'update-secret-version-stage',
      `--version-stage ${PENDING} --remove-from-version-id ${pending}`,
    );
    throw new VendingError('misconfigured', `another rotation is under way, or was left behind; to end it: ${command}`);
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
    const { secret } = this.#props;
    try {
      const labels = await secret.labels();
      if (labels.get(CURRENT) === version) return '';
      if (labels.get(PENDING) === version) await secret.remove(PENDING, version);
      return `; ${CURRENT} is unchanged`;
    } catch {
      const command = this.#command(
        'update-secret-version-stage',
        `--version-stage ${PENDING} --remove-from-version-id ${version}`,
      );
      return `; ${PENDING} could not be cleared: if the next rotation does not begin, run: ${command}`;
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
    const stage = `--version-stages ${CANDIDATE} --secret-string file://credential.json`;
    return new VendingError('misconfigured', `${problem}; stage one: ${this.#command('put-secret-value', stage)}`);
  }

  #eventProblem(isKnownStep: boolean): string {
    return isKnownStep
      ? `this function rotates the secret ${this.#props.secretId}, one version at a time, and nothing else`
      : `the step must be one of: ${[...this.#steps.keys()].join(', ')}`;
  }

  #command(name: string, options: string): string {
    const { region, secretId } = this.#props;
    return `aws secretsmanager ${name} --region ${region} --secret-id ${secretId} ${options}`;
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
