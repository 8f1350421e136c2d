/** Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`. */
const distance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? beforeLast[j - 2]! + 1 : Infinity;
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced, swapped);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
};

const asKey = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();

/** The name that was most likely meant, whatever its spelling (`max_retry`, `maxRetry`); nothing when none is close. */
export const nearest = (name: string, known: readonly string[]): string | undefined => {
  // A longer name is nobody's typing error, and its distance would cost time without bound.
  if (name.length > 100) return undefined;
  const wanted = asKey(name);
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const edits = distance(wanted, candidate.toLowerCase());
    if (edits >= bestDistance) continue;
    best = candidate;
    bestDistance = edits;
  }
  return best;
};
