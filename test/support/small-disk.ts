import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 1024 * 1024;
const PIECES = [MIB, 4096, 1] as const;

/** A file system of its own that can be filled to the last byte. Linux, and only who may mount. */
export class SmallDisk {
  readonly dir = mkdtempSync(join(tmpdir(), 'small-disk-'));

  private constructor(mib: number) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', this.dir]);
  }

  static open(mib = 16): SmallDisk {
    return new SmallDisk(mib);
  }

  static get available(): boolean {
    try {
      SmallDisk.open(1).close();
      return true;
    } catch {
      return false;
    }
  }

  /** Nothing can be written any more. */
  fill(): void {
    const fd = openSync(join(this.dir, 'fill'), 'a');
    for (const size of PIECES) {
      const piece = Buffer.alloc(size, 1);
      try {
        for (;;) writeSync(fd, piece);
      } catch {
        continue;
      }
    }
    fsyncSync(fd);
    closeSync(fd);
  }

  /** There is room again. */
  free(): void {
    rmSync(join(this.dir, 'fill'), { force: true });
  }

  close(): void {
    execFileSync('umount', ['-l', this.dir]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
