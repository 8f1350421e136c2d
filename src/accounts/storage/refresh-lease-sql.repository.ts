import { Brackets } from 'typeorm';

/**
 * Nobody holds the refresh lease of the row, or whoever does has said nothing for `silentForMs` since it ran out. `instant`: SQL of the
 * present, for which `now` is bound.
 */
export const leaseIsFree = (instant: string, now: number, silentForMs = 0): Brackets => {
  const ranOut = `refresh_lease_until < ${instant} - ${Math.trunc(silentForMs)}`;
  return new Brackets((lease) => lease.where("refresh_owner = ''").orWhere(ranOut, { now }));
};
