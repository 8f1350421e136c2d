/**
 * Places at which a test may end this process as `kill -9` would, to show that no credential is lost there. They do nothing
 * unless one of them is armed, which only `config/crash-point.ts` does, and only under NODE_ENV=test.
 */
export type CrashPoint = 'before-intent' | 'after-intent' | 'after-answer' | 'after-commit';

let armed: string | null = null;

export const armCrashPoint = (point: string | null): void => {
  armed = point;
};

/** Ends the process here, without any clean-up, if this point is armed. */
export function crashPoint(point: CrashPoint): void {
  if (point === armed) process.kill(process.pid, 'SIGKILL');
}
