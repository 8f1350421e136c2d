/**
 * How an answer is chosen: `name,key=value,key=value`. In a prompt it stands between `#scenario=` and `#`:
 * `Tell me a story #scenario=reasoning,delay=50#`. Values hold no comma and no `#`; write `%2C` and `%23` for them.
 */
export interface ScenarioSpec {
  readonly name: string;
  readonly params: Params;
  /** The text it was read from. */
  readonly source: string;
}

export class Params {
  constructor(private readonly values: ReadonlyMap<string, string>) {}

  has(name: string): boolean {
    return this.values.has(name);
  }

  text(name: string, fallback: string): string {
    return this.values.get(name) ?? fallback;
  }

  number(name: string, fallback: number): number {
    const value = Number(this.values.get(name) ?? fallback);
    if (!Number.isFinite(value)) throw new Error(`sandbox: ${name} must be a number`);
    return value;
  }

  /** `name=yes`; anything else is no. */
  flag(name: string): boolean {
    return this.values.get(name) === 'yes';
  }

  /** These values over `defaults`. */
  over(defaults: Params): Params {
    return new Params(new Map([...defaults.values, ...this.values]));
  }

  get names(): string[] {
    return [...this.values.keys()];
  }
}

const MARKER = /#scenario=([a-z0-9-]+(?:,[a-z-]+=[^,#\n]*)*)#/;

export function parseScenario(source: string): ScenarioSpec {
  const [name = '', ...pairs] = source.split(',');
  const values = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new Error(`sandbox: "${pair}" in "${source}" is not key=value`);
    values.set(pair.slice(0, at), decode(pair.slice(at + 1)));
  }
  return { name, params: new Params(values), source };
}

/** The scenario that a prompt asks for, and the prompt without the marker. */
export function markerOf(prompt: string): { source: string | null; prompt: string } {
  const match = MARKER.exec(prompt);
  return match ? { source: match[1]!, prompt: prompt.replace(match[0], '').trim() } : { source: null, prompt };
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
