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

/** Prints a table: the first column is text, the others are numbers. */
export function printTable(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)));
  for (const row of [heads, ...rows]) console.log(`  ${line(row).join('  ')}`);
}
