import { Session } from 'node:inspector/promises';

/**
 * One full garbage collection, now. For the end of a bulk load only: what it leaves behind is as large as what it keeps, and V8 would
 * hold on to it until the heap doubles again. Stops the process for about a millisecond per megabyte that is in use.
 */
export async function collectGarbage(): Promise<void> {
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    // Not in a callback of the command: there it would wait for itself for ever.
    session.disconnect();
  }
}
