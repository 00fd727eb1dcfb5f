// What a scenario measured, and the bound that each promise puts on it.

export interface Figure {
  readonly what: string;
  readonly measured: number;
  /** Left out: told for information. */
  readonly bound?: { readonly exactly: number } | { readonly most: number } | { readonly least: number };
}

export interface Scenario {
  /** Its letter and name, as in the table. */
  readonly name: string;
  readonly figures: readonly Figure[];
}

export function holds({ measured, bound }: Figure): boolean {
  if (bound === undefined) return true;
  if ('exactly' in bound) return measured === bound.exactly;
  return 'most' in bound ? measured <= bound.most : measured >= bound.least;
}

export function boundText({ bound }: Figure): string {
  if (bound === undefined) return '';
  if ('exactly' in bound) return number(bound.exactly);
  return 'most' in bound ? `≤ ${number(bound.most)}` : `≥ ${number(bound.least)}`;
}

export function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}
