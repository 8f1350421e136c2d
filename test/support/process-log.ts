import type { Readable } from 'node:stream';

export type LogEntry = Record<string, unknown>;

/** What a process writes: as text, as JSON entries, and as something to wait for. */
export class ProcessLog {
  text = '';
  readonly entries: LogEntry[] = [];
  #ended = false;
  readonly #watchers = new Set<() => void>();

  follow(stream: Readable): void {
    let rest = '';
    stream.setEncoding('utf8').on('data', (piece: string) => {
      this.text += piece;
      const lines = (rest + piece).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.#take(line);
      this.#changed();
    });
  }

  /** The process is gone: nobody need wait any longer. */
  end(): void {
    this.#ended = true;
    this.#changed();
  }

  /** The first entry at or after `from` that fits, now or later; rejects with the whole text when there is none in time. */
  waitFor(fits: (entry: LogEntry) => boolean, { from = 0, timeoutMs = 10_000 } = {}): Promise<LogEntry> {
    return new Promise((resolve, reject) => {
      let next = from;
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        done();
      };
      const look = (): void => {
        for (; next < this.entries.length; next++) {
          const entry = this.entries[next]!;
          if (fits(entry)) return settle(() => resolve(entry));
        }
        if (this.#ended) settle(() => reject(new Error(`the process ended without logging it:\n${this.text}`)));
      };
      const timer = setTimeout(() => settle(() => reject(new Error(`not logged within ${timeoutMs} ms:\n${this.text}`))), timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  #take(line: string): void {
    if (!line.startsWith('{')) return;
    try {
      this.entries.push(JSON.parse(line) as LogEntry);
    } catch {
      // Cut off by a kill.
    }
  }

  #changed(): void {
    for (const watch of this.#watchers) watch();
  }
}
