import type { RequestLogLine } from './request-log.js';

/** So many lines at once, and so many a second in the long run: a flood of wrong keys must not fill the disk. */
const BURST = 200;
const LINES_PER_SECOND = 10;
const REPORT_MS = 10_000;

/** A type, not an interface, so that it is a record of fields to the logger. */
export type RefusalSummary = {
  readonly msg: 'further requests were refused';
  readonly count: number;
  /** How many of each status. */
  readonly statuses: Readonly<Record<string, number>>;
};

const isRefusal = ({ status }: RequestLogLine): boolean => status >= 400 && status < 500;

/** Lets the lines of requests through; of refused ones (4xx) not more than a reader wants, the rest as a sum. */
export class RefusalLines {
  #room = BURST;
  #filledAt: number;
  #statuses: Record<string, number> = {};
  #report: NodeJS.Timeout | undefined;

  constructor(
    private readonly write: (line: RequestLogLine) => void,
    private readonly report: (summary: RefusalSummary) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#filledAt = now();
  }

  take(line: RequestLogLine): void {
    if (isRefusal(line) && !this.#enter()) this.#leaveOut(line.status);
    else this.write(line);
  }

  /** Tells what was left out so far. */
  flush(): void {
    clearTimeout(this.#report);
    this.#report = undefined;
    const statuses = this.#statuses;
    this.#statuses = {};
    const count = Object.values(statuses).reduce((sum, one) => sum + one, 0);
    if (count > 0) this.report({ msg: 'further requests were refused', count, statuses });
  }

  #enter(): boolean {
    const now = this.now();
    this.#room = Math.min(BURST, this.#room + ((now - this.#filledAt) / 1000) * LINES_PER_SECOND);
    this.#filledAt = now;
    if (this.#room < 1) return false;
    this.#room--;
    return true;
  }

  #leaveOut(status: number): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    this.#report ??= setTimeout(() => this.flush(), REPORT_MS).unref();
  }
}
