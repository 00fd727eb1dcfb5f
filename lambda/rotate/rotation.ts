// Verified rotation: Secrets Manager's four steps. The version labelled CANDIDATE is copied to AWSPENDING, tested at the
// authorization server, and only then made AWSCURRENT. Every step may be repeated, and begun again after a crash between
// any two calls: each looks at the labels first and does what is still missing.
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
  /** The one secret of this function, as Secrets Manager names it. */
  readonly secretId: string;
  /** For the commands that an operator is told to run. */
  readonly region: string;
}

/** Does one step for one version, and says what it did. */
type Step = (version: string) => Promise<string>;

export class Rotation {
  readonly #props: RotationProps;
  readonly #steps: ReadonlyMap<string, Step>;

  constructor(props: RotationProps) {
    this.#props = props;
    this.#steps = new Map<string, Step>([
      ['createSecret', (version) => this.#create(version)],
      // No API issues keys: the candidate is one that the authorization server knows already.
      ['setSecret', async () => 'nothing to set'],
      ['testSecret', (version) => this.#test(version)],
      ['finishSecret', (version) => this.#finish(version)],
    ]);
  }

  /**
   * Runs one step. What fails leaves AWSCURRENT as it was and clears AWSPENDING: while that sits on a version that is not
   * current, Secrets Manager begins no rotation.
   * @throws VendingError, whose message is for the operator
   */
  async run(event: unknown): Promise<void> {
    const { Step: step, SecretId, ClientRequestToken: version } = fieldsOf(event);
    const act = this.#steps.get(step);
    if (!act || SecretId !== this.#props.secretId || version === '') {
      throw this.#failed('unknown', 'unknown', new VendingError('invalid_request', this.#notOurs(act !== undefined)));
    }
    try {
      const outcome = await act(version);
      this.#props.log.stepDone({ step, version, outcome });
    } catch (error) {
      const left = await this.#clear(version);
      throw this.#failed(step, version, error, left);
    }
  }

  /** createSecret: the candidate's value becomes the new version's. */
  async #create(version: string): Promise<string> {
    const { secret } = this.#props;
    const labels = await secret.labels();
    if (labels.get(CURRENT) === version) return 'the version is current already';
    this.#requireNoOther(labels, version);
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

  /** testSecret: alone, as Secrets Manager runs it when a schedule is set up, it finds nothing to test and succeeds. */
  async #test(version: string): Promise<string> {
    const { secret, comparison } = this.#props;
    const labels = await secret.labels();
    if (!labels.has(CANDIDATE)) return `nothing to test: there is no ${CANDIDATE}`;
    if (labels.get(PENDING) !== version) return `nothing to test: the version is not ${PENDING}`;
    const [pending, inUse] = await Promise.all([secret.read(version), this.#labelled(CURRENT, labels)]);
    if (!(pending?.credential instanceof Credential)) return 'nothing to test: the version holds no credential';
    if (pending.isSameCredentialAs(inUse)) return 'nothing to test: it is the current credential';
    await comparison.run(pending.credential, credentialOf(inUse));
    return 'the candidate is granted all that it must be';
  }

  /** finishSecret: the tested version becomes current; last the candidate's label goes, so that it can't come back. */
  async #finish(version: string): Promise<string> {
    const { secret } = this.#props;
    let labels = await secret.labels();
    const value = await secret.read(version);
    if (labels.get(CURRENT) !== version) {
      await this.#requireTested(labels, version, value);
      await secret.move(CURRENT, labels.get(CURRENT), version);
      labels = await secret.labels();
    }
    if (labels.get(PENDING) === version) await secret.remove(PENDING, version);
    const candidate = labels.get(CANDIDATE);
    // One that was staged in the meantime is not this one, and stays.
    const isThisOne = value?.equals(await this.#labelled(CANDIDATE, labels)) ?? false;
    if (candidate !== undefined && isThisOne) await secret.remove(CANDIDATE, candidate);
    return 'the version is current';
  }

  /** What is staged, if it is a credential, and not the one in use. */
  async #candidate(labels: Labels): Promise<VersionValue> {
    const candidate = await this.#labelled(CANDIDATE, labels);
    if (!candidate) throw this.#stageFirst(`no version of the secret is labelled ${CANDIDATE}`);
    if (typeof candidate.credential === 'string') throw this.#stageFirst(`the candidate ${candidate.credential}`);
    if (candidate.isSameCredentialAs(await this.#labelled(CURRENT, labels))) {
      throw this.#stageFirst('the candidate is the current credential');
    }
    return candidate;
  }

  async #labelled(label: string, labels: Labels): Promise<VersionValue | undefined> {
    const version = labels.get(label);
    return version === undefined ? undefined : await this.#props.secret.read(version);
  }

  /** Secrets Manager begins no second rotation, but an event may come from elsewhere, or long after its rotation. */
  #requireNoOther(labels: Labels, version: string): void {
    const pending = labels.get(PENDING);
    if (pending === undefined || pending === version || pending === labels.get(CURRENT)) return;
    const command = this.#command(
      'update-secret-version-stage',
      `--version-stage ${PENDING} --remove-from-version-id ${pending}`,
    );
    throw new VendingError('misconfigured', `another rotation is under way, or was left behind; to end it: ${command}`);
  }

  /** The test says nothing of a version that it was not shown: one is made current only if it is what was staged. */
  async #requireTested(labels: Labels, version: string, value: VersionValue | undefined): Promise<void> {
    const isPending = labels.get(PENDING) === version && value?.credential instanceof Credential;
    if (isPending && value.equals(await this.#labelled(CANDIDATE, labels))) return;
    throw new VendingError(
      'misconfigured',
      'the version is not the candidate that was tested: start the rotation again',
    );
  }

  /** @returns how things stand then, for the operator */
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

  #failed(step: string, version: string, error: unknown, left = ''): VendingError {
    const [code, why] =
      error instanceof VendingError
        ? [error.code, error.message]
        : (['unavailable', `the rotation function failed (${errorName(error)})`] as const);
    const description = `${why}${left}`;
    const stack = error instanceof VendingError ? {} : { stack: stackFrames(error) };
    this.#props.log.rotationFailed({ step, version, ...failureFields(error), error: code, description, ...stack });
    return new VendingError(code, description);
  }

  #stageFirst(problem: string): VendingError {
    const stage = `--version-stages ${CANDIDATE} --secret-string file://credential.json`;
    return new VendingError('misconfigured', `${problem}; stage one: ${this.#command('put-secret-value', stage)}`);
  }

  #notOurs(knownStep: boolean): string {
    return knownStep
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
