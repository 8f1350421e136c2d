import { describe, expect, it } from '@jest/globals';
import { InFlight, type Placed } from './in-flight.js';

const item = (): Placed => ({ place: 0 });

describe('things in flight', () => {
  it('are there until they are removed, once each', () => {
    const flights = new InFlight();
    const [first, second, third] = [item(), item(), item()];
    for (const one of [first, second, first]) flights.add(one);
    expect([...flights]).toEqual([first, second]);
    expect(flights.size).toBe(2);
    expect([flights.delete(first), flights.delete(first), flights.delete(third)]).toEqual([true, false, false]);
    expect([...flights]).toEqual([second]);
    expect(flights.size).toBe(1);
  });

  it('take places that became free, and their places do not confuse them', () => {
    const flights = new InFlight();
    const [first, second] = [item(), item()];
    flights.add(first);
    flights.delete(first);
    flights.add(second);
    expect(second.place).toBe(first.place);
    expect(flights.delete(first)).toBe(false);
    flights.add(first);
    expect([...flights].length).toBe(2);
    expect(first.place).not.toBe(second.place);
  });

  it('may leave while they are gone through', () => {
    const flights = new InFlight();
    const items = Array.from({ length: 9 }, item);
    for (const one of items) flights.add(one);
    let seen = 0;
    for (const one of flights) {
      seen++;
      flights.delete(one);
    }
    expect([seen, flights.size, [...flights].length]).toEqual([9, 0, 0]);
  });
});
