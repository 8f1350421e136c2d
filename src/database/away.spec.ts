import { expect, it } from '@jest/globals';
import { isAway } from './away.js';

const coded = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

it.each([
  coded('ECONNREFUSED'),
  coded('EAI_AGAIN'),
  coded('ENOTFOUND'),
  coded('57P03', 'the database system is starting up'),
  coded('57P01', 'terminating connection due to administrator command'),
  coded('53300', 'sorry, too many clients already'),
  new Error('Connection terminated unexpectedly'),
  new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]),
  Object.assign(new Error('query failed'), { driverError: coded('ECONNRESET') }),
])('is waited for: %p', (error) => {
  expect(isAway(error)).toBe(true);
});

it.each([
  coded('28P01', 'password authentication failed'),
  coded('3D000', 'database "x" does not exist'),
  coded('42P07', 'relation "accounts" already exists'),
  coded('EACCES'),
  new AggregateError([coded('ECONNREFUSED'), coded('EACCES')]),
  null,
])('is not: %p', (error) => {
  expect(isAway(error)).toBe(false);
});
