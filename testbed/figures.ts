// What a scenario measured, the bound that each promise puts on it, and how both are printed.

export interface Figure {
  readonly name: string;
  readonly measured: number;
  /** Left out: the figure is printed for information and can't fail. */
  readonly bound?: { readonly exactly: number } | { readonly max: number } | { readonly min: number };
}

export interface Scenario {
  readonly name: string;
  readonly figures: readonly Figure[];
}

export function holds({ measured, bound }: Figure): boolean {
  if (bound === undefined) return true;
  if ('exactly' in bound) return measured === bound.exactly;
  return 'max' in bound ? measured <= bound.max : measured >= bound.min;
}

export function boundText({ bound }: Figure): string {
  if (bound === undefined) return '';
  if ('exactly' in bound) return numberText(bound.exactly);
  return 'max' in bound ? `≤ ${numberText(bound.max)}` : `≥ ${numberText(bound.min)}`;
}

export function numberText(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

/** @param options.withBounds false: the bounds are not meant for what was measured. */
export function printScenario({ name, figures }: Scenario, options = { withBounds: true }): void {
  console.log(`\n  ${name}`);
  for (const figure of figures) {
    const isJudged = options.withBounds && figure.bound !== undefined;
    const sign = isJudged ? (holds(figure) ? '✓' : '✗') : ' ';
    const bound = isJudged ? boundText(figure) : '';
    console.log(`  ${sign} ${figure.name.padEnd(44)} ${bound.padStart(9)} ${numberText(figure.measured).padStart(9)}`);
  }
}
