// A fleet over time: who is run when, and what each call stands for. The model is told in model.ts.

import type { VendRequest } from '../../lambda/vend/vend-request.ts';
import { Chance, Popularity } from './chance.ts';
import type { Design } from './designs.ts';
import { Instance, type MintedToken } from './instance.ts';
import { CALL_LIMIT_MS, type Happening, LATENCY, MARGIN_MS, MINUTE, SECOND, type Setting } from './model.ts';
import { phasesOf, runningAt, START_WITHIN_MS, stretchesOf } from './phases.ts';
import { ScopeSets } from './scope-sets.ts';
import { Services } from './services.ts';
import { Tally } from './tally.ts';
import { SimulatedTime } from './time.ts';

/** How long the calls for the most popular scope set are run from its renewal point on, at least. */
const WATCHED_MS = 1.2 * SECOND;
/** How long all calls for a scope set are run after its token was replaced. */
const SETTLED_AFTER_MS = 50;

/** A kind of time of its own. */
export const POPULAR_RENEWAL = 'renewal of the most popular';

interface Published extends MintedToken {
  readonly publishedAtMs: number;
}

/** A time in which the whole fleet's calls for a scope set are run. */
interface Renewal {
  readonly openedAtMs: number;
  readonly visitors: Map<number, Instance>;
}

export class Fleet {
  readonly time = new SimulatedTime();
  readonly chance: Chance;
  readonly popularity: Popularity;
  readonly scopeSets: ScopeSets;
  readonly services: Services;
  readonly tally: Tally;
  readonly design: Design;
  readonly setting: Setting;
  /** Those that are run call by call: the first so many of the fleet. */
  #running: Instance[] = [];
  #prepared: Instance[] = [];
  readonly #published: (readonly Published[])[] = [];
  readonly #renewals: (Renewal | undefined)[] = [];
  #allReplacedAtMs = 0;
  /** The share of the calls that is run. */
  readonly #shareRun: number;

  constructor(design: Design, setting: Setting) {
    this.design = design;
    this.setting = setting;
    this.chance = new Chance(setting.seed);
    this.popularity = new Popularity(setting.scopeSets);
    this.scopeSets = new ScopeSets(setting.scopeSets);
    this.services = new Services(this.time, this.scopeSets);
    this.tally = new Tally(this.time);
    this.#shareRun = this.popularity.shares.slice(0, this.#scopeSetsRun).reduce((sum, share) => sum + share);
  }

  async run(): Promise<void> {
    const { durationMs, happenings } = this.setting;
    const phases = phasesOf(this.setting, this.design);
    for (const atMs of new Set(phases.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))) {
      const running = runningAt(phases, atMs);
      if (running > runningAt(phases, atMs - 1)) this.time.at(atMs - MINUTE, () => this.#prepare(running, atMs));
      this.time.at(atMs, () => this.#setRunning(running));
    }
    for (const happening of happenings) this.time.at(happening.atMs, () => this.#happen(happening));
    for (const { atMs, name } of stretchesOf(this.setting)) this.time.at(atMs, () => this.#enter(name));
    for (let scopeSet = 0; scopeSet < this.#scopeSetsRun; scopeSet++) this.#openRenewal(scopeSet);
    await this.time.run(durationMs);
  }

  #enter(stretch: string): void {
    this.tally.stretch = stretch;
  }

  /** The last two tokens of a scope set, the newer first. */
  published(scopeSet: number): readonly Published[] {
    return this.#published[scopeSet] ?? [];
  }

  publish(scopeSet: number, minted: MintedToken): void {
    const published = { ...minted, publishedAtMs: this.time.elapsedMs };
    this.#published[scopeSet] = [published, ...this.published(scopeSet).slice(0, 1)];
    const { renewAtMs, expiresAtMs } = minted.token;
    this.time.after(Math.min(renewAtMs, expiresAtMs - MARGIN_MS) - this.time.nowMs(), () => {
      if (this.published(scopeSet)[0] === published) this.#openRenewal(scopeSet);
    });
    const renewal = this.#renewals[scopeSet];
    if (renewal === undefined || (this.design.followsRotation && !this.#isCurrent(published))) return;
    this.tally.add('lifetimes', 1);
    const leastMs = scopeSet === 0 ? renewal.openedAtMs + WATCHED_MS - this.time.elapsedMs : 0;
    this.time.after(Math.max(leastMs, SETTLED_AFTER_MS), () => {
      if (this.#renewals[scopeSet] !== renewal) return;
      this.#renewals[scopeSet] = undefined;
      if (scopeSet === 0 && this.tally.stretch === POPULAR_RENEWAL) this.tally.stretch = 'quiet';
    });
  }

  #isCurrent({ credentialVersion }: MintedToken): boolean {
    return credentialVersion === this.services.currentVersion;
  }

  /** Everyone who calls for this scope set is run from now on, whoever else they are. */
  #openRenewal(scopeSet: number): void {
    if (!this.design.sharesTable || this.#renewals[scopeSet] !== undefined) return;
    const renewal: Renewal = { openedAtMs: this.time.elapsedMs, visitors: new Map() };
    this.#renewals[scopeSet] = renewal;
    if (scopeSet === 0 && this.tally.stretch === 'quiet') this.tally.stretch = POPULAR_RENEWAL;
    const { instances, callsPerSecond } = this.setting;
    const meanMs = SECOND / (instances * callsPerSecond * this.popularity.share(scopeSet));
    const next = () => {
      if (this.#renewals[scopeSet] !== renewal) return;
      void this.#visit(scopeSet, renewal);
      this.time.after(this.chance.exponential(meanMs), next);
    };
    this.time.after(this.chance.exponential(meanMs), next);
  }

  async #visit(scopeSet: number, { visitors }: Renewal): Promise<void> {
    const place = Math.floor(this.chance.random() * this.setting.instances);
    if (place < this.#running.length || this.services.isAway) return;
    let visitor = visitors.get(place);
    if (visitor === undefined) {
      visitor = this.#resumed();
      visitors.set(place, visitor);
      const callsAMinute = (this.setting.callsPerSecond * MINUTE) / SECOND;
      await visitor.resume(this.chance.random() * (1 + callsAMinute) >= 1);
    }
    if (!visitor.busy) await this.#call(visitor, scopeSet, 1);
  }

  /** An instance that has been there for a while. */
  #resumed(): Instance {
    const bornAtMs = this.time.elapsedMs - this.chance.exponential(this.setting.instanceLifeMs);
    return new Instance(this, Math.max(bornAtMs, this.#allReplacedAtMs));
  }

  /** Checks of the credential are spread over the minute before. */
  #prepare(running: number, fromMs: number): void {
    if (fromMs === 0) return;
    for (let place = this.#running.length; place < running; place++) {
      const instance = this.#resumed();
      this.#prepared[place] = instance;
      this.time.at(fromMs - this.chance.random() * MINUTE, () => void instance.resume(true));
    }
  }

  #setRunning(running: number): void {
    const isStart = this.time.elapsedMs === 0;
    if (isStart) this.#running.length = 0;
    for (let place = this.#running.length; place < running; place++) {
      const prepared = this.#prepared[place];
      if (prepared) this.#start(place, prepared, this.#pauseMs());
      else this.time.after(isStart ? this.chance.random() * START_WITHIN_MS : 0, () => this.#startNew(place));
    }
    this.#running.length = Math.min(this.#running.length, running);
    this.#prepared = [];
  }

  /** What a call started is called at once. */
  #startNew(place: number): void {
    const isCallRun = this.chance.random() < this.#shareRun;
    this.#start(place, new Instance(this, this.time.elapsedMs), isCallRun ? 0 : this.#pauseMs());
  }

  #start(place: number, instance: Instance, firstCallAfterMs: number): void {
    instance.joinedAtMs = this.time.elapsedMs;
    this.#running[place] = instance;
    const isThere = () => this.#running[place] === instance;
    const next = async () => {
      if (!isThere()) return;
      const scopeSet = this.popularity.draw(this.chance.random() * this.#shareRun);
      const isRenewed = this.#renewals[scopeSet] !== undefined && !this.services.isAway;
      await this.#call(instance, scopeSet, isRenewed ? 1 : this.setting.instances / this.#running.length);
      if (isThere()) this.time.after(this.#pauseMs(), next);
    };
    this.time.after(firstCallAfterMs, next);
    this.time.after(this.chance.exponential(this.setting.instanceLifeMs), () => {
      if (isThere()) this.#startNew(place);
    });
  }

  get #scopeSetsRun(): number {
    return this.setting.scopeSetsRun ?? this.setting.scopeSets;
  }

  #pauseMs(): number {
    return this.chance.exponential(SECOND / (this.setting.callsPerSecond * this.#shareRun));
  }

  async #call(instance: Instance, scopeSet: number, weight: number): Promise<void> {
    const { time, tally } = this;
    instance.busy = true;
    // A call that isn't run would have checked the credential.
    if (this.chance.random() >= this.#shareRun) await instance.resume(true);
    instance.weight = weight;
    instance.catchUp(scopeSet);
    const request: VendRequest = {
      scopes: this.scopeSets.named(scopeSet),
      minTtlMs: 0,
      rejectedTokenSha256: undefined,
    };
    const startedAtMs = time.nowMs();
    const tookMs = () => time.nowMs() - startedAtMs + this.chance.latencyMs(LATENCY.memory);
    try {
      const { token, source } = await instance.vendor.vend(request, startedAtMs + CALL_LIMIT_MS);
      if (token.expiresAtMs <= time.nowMs()) tally.add('expiredVended', weight);
      tally.call(source, tookMs(), time.nowMs() > startedAtMs, weight);
    } catch {
      tally.call('failed', tookMs(), true, weight);
    }
    instance.busy = false;
  }

  #happen(happening: Happening): void {
    switch (happening.what) {
      case 'deploy':
        this.#allReplacedAtMs = happening.atMs;
        for (const place of this.#running.keys()) {
          this.time.after(this.chance.random() * happening.withinMs, () => this.#startNew(place));
        }
        break;
      case 'rotation':
        this.services.rotate();
        if (!this.design.followsRotation) break;
        for (let scopeSet = 0; scopeSet < this.#scopeSetsRun; scopeSet++) this.#openRenewal(scopeSet);
        break;
      case 'outage': {
        const isDown = (down: boolean) => {
          if (happening.of === 'region') this.services.regionIsDown = down;
          else this.services.serverIsDown = down;
        };
        isDown(true);
        this.time.after(happening.durationMs, () => isDown(false));
      }
    }
  }
}
