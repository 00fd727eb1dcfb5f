// Finds the row of a policy table that decides: the first one whose facts all hold.

export function firstMatch<Situation extends object, Row extends { readonly when: Partial<Situation> }>(
  rows: readonly Row[],
  situation: Situation,
): Row | undefined {
  return rows.find(({ when }) =>
    Object.entries(when).every(([name, value]) => situation[name as keyof Situation] === value),
  );
}
