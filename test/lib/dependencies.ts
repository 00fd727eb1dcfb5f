// What each resource of a template waits for, as CloudFormation reads it: Ref, Fn::GetAtt, Fn::Sub and DependsOn, also in
// its UpdatePolicy.

export type Resources = Readonly<Record<string, { readonly Type: string }>>;

/** The logical IDs that each resource depends on. */
export function dependenciesOf(resources: Resources): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(resources).map(([id, resource]) => [
      id,
      referencesIn(resource).filter((name) => Object.hasOwn(resources, name)),
    ]),
  );
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, held]) => {
    if (key === 'Ref') return [String(held)];
    if (key === 'Fn::GetAtt') return [attributeOwner(held)];
    if (key === 'DependsOn') return [held].flat().map(String);
    if (key === 'Fn::Sub') return [...namesInText([held].flat()[0]), ...referencesIn(held)];
    return referencesIn(held);
  });
}

/** Of `["Function", "Arn"]` or `"Function.Arn"`. */
function attributeOwner(attribute: unknown): string {
  return String([attribute].flat()[0]).split('.')[0] ?? '';
}

/** Of `${Function}` and `${Function.Arn}`; `${!Literal}` is none. */
function namesInText(text: unknown): string[] {
  return [...String(text).matchAll(/\$\{([A-Za-z0-9:]+)[^}]*\}/g)].map(([, name = '']) => name);
}
