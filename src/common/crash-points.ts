/**
 * Places at which a test may end this process as `kill -9` would, to show that no credential is lost there. They do nothing
 * unless one is armed by the environment: TEST_CRASH_AT, and only together with NODE_ENV=test.
 */
export type CrashPoint = 'before-intent' | 'after-intent' | 'after-answer' | 'after-commit' | 'write-back';

let armed: string | null = null;

export const armCrashPoint = (env: Readonly<Record<string, string | undefined>>): void => {
  armed = env.NODE_ENV === 'test' ? (env.TEST_CRASH_AT ?? null) : null;
};

/** Ends the process here, without any clean-up, if this point is armed. */
export function crashPoint(point: CrashPoint): void {
  if (point === armed) process.kill(process.pid, 'SIGKILL');
}
