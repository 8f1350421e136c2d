import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BodyBudget } from './body-budget.js';

const MIB = 1_048_576;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Whether a wait is over, and how. */
function outcome(room: Promise<void> | null): { state: string } {
  const seen = { state: room === null ? 'at once' : 'waiting' };
  room?.then(
    () => (seen.state = 'entered'),
    (error: { kind: string }) => (seen.state = error.kind),
  );
  return seen;
}

describe('BodyBudget', () => {
  it('lets bodies wait until others are answered, and counts what is held', async () => {
    const budget = new BodyBudget(16 * MIB);
    const [first, second] = [budget.share(), budget.share()];
    expect(first.take(10 * MIB)).toBeNull();
    const waits = outcome(second.take(10 * MIB));
    expect([budget.used, budget.waiting]).toEqual([10 * MIB, 1]);
    first.release();
    await Promise.resolve();
    expect([waits.state, budget.used, budget.waiting]).toEqual(['entered', 10 * MIB, 0]);
    second.give(4 * MIB);
    second.release();
    second.release();
    expect(budget.used).toBe(0);
  });

  it('refuses a body that has waited too long, with a time to come back', async () => {
    const budget = new BodyBudget(16 * MIB, 10_000);
    void budget.share().take(12 * MIB);
    const refused = budget.share().take(10 * MIB);
    jest.advanceTimersByTime(10_000);
    await expect(refused).rejects.toMatchObject({ kind: 'overloaded', detail: { retryAfterSeconds: 5, shouldRetry: true } });
    expect(budget.waiting).toBe(0);
  });

  it('keeps room for small bodies while large ones wait', async () => {
    const budget = new BodyBudget(16 * MIB);
    void budget.share().take(14 * MIB);
    const large = outcome(budget.share().take(2 * MIB));
    expect(outcome(budget.share().take(MIB / 2)).state).toBe('at once');
    await Promise.resolve();
    expect(large.state).toBe('waiting');
  });

  it('takes a body larger than the whole when it is alone', () => {
    const budget = new BodyBudget(MIB);
    expect(budget.share().take(64 * MIB)).toBeNull();
    expect(budget.share().take(64 * MIB)).not.toBeNull();
  });

  it('forgets a body whose client has left while it waited', async () => {
    const budget = new BodyBudget(16 * MIB);
    void budget.share().take(14 * MIB);
    const share = budget.share();
    const waits = outcome(share.take(10 * MIB));
    share.release();
    await Promise.resolve();
    expect([waits.state, budget.waiting, budget.used]).toEqual(['overloaded', 0, 14 * MIB]);
    await expect(share.take(1)).rejects.toMatchObject({ kind: 'client_closed' });
  });

  it('makes slow bodies give way while others wait, and only then', () => {
    const budget = new BodyBudget(16 * MIB, 60_000);
    const cut: string[] = [];
    const slow = budget.share(() => cut.push('slow'));
    const quick = budget.share(() => cut.push('quick'));
    const complete = budget.share(() => cut.push('complete'));
    void slow.take(6 * MIB);
    void quick.take(6 * MIB);
    void complete.take(MIB);
    complete.complete();
    const seconds = (count: number): void => {
      for (let i = 0; i < count; i++) {
        slow.arrived(1_000);
        quick.arrived(100_000);
        jest.advanceTimersByTime(1_000);
      }
    };
    seconds(60);
    expect(cut).toEqual([]);
    void outcome(budget.share(() => cut.push('waiting')).take(8 * MIB));
    seconds(5);
    expect(cut).toEqual(['slow']);
  });
});
