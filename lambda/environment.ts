// The environment variables of a function. Their names stand beside the function's settings.

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws Error if a variable is missing, which stops the function's start */
export function readVariables<Name extends string>(env: Environment, names: readonly Name[]): Record<Name, string> {
  const read = (name: Name): [Name, string] => {
    const value = env[name];
    if (!value) throw new Error(`environment variable ${name} is missing`);
    return [name, value];
  };
  return Object.fromEntries(names.map(read)) as Record<Name, string>;
}
