import type { Ratio } from './statistics.ts';

export const NOTHING = '–';

export function num(x: number | null | undefined, digits = 0): string {
  if (x == null || Number.isNaN(x)) return NOTHING;
  return x.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

export function ratioText(ratio: Ratio | null): string {
  if (!ratio) return NOTHING;
  const digits = ratio.median < 0.995 ? 3 : 2;
  const text = num(ratio.median, digits);
  return ratio.error === null ? text : `${text} ±${num(ratio.error, digits)}`;
}

/** A Markdown table, its first column left and the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2)));
  return [line(head), `|${rule.join('|')}|`, ...rows.map(line)].join('\n');
}
