/** `Tool.argument` entries → tool → its arguments. A tool's name may have dots itself. */
export function emptyArguments(entries: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const byTool = new Map<string, Set<string>>();
  for (const entry of entries) {
    const dot = entry.lastIndexOf('.');
    if (dot <= 0 || dot === entry.length - 1) continue;
    const tool = entry.slice(0, dot);
    const names = byTool.get(tool) ?? new Set();
    byTool.set(tool, names.add(entry.slice(dot + 1)));
  }
  return byTool;
}
