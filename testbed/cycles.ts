// Cycles of a graph: of files that import each other, of resources that depend on each other.

/**
 * One cycle for each dependency that closes one, as a path.
 *
 * @param next the nodes that a node depends on
 */
export function cyclesIn(nodes: readonly string[], next: (node: string) => readonly string[]): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]) => {
    const start = path.indexOf(node);
    if (start >= 0) found.push([...path.slice(start), node].join(' → '));
    if (start >= 0 || done.has(node)) return;
    for (const dependency of next(node)) visit(dependency, [...path, node]);
    done.add(node);
  };
  for (const node of nodes) visit(node, []);
  return found;
}
