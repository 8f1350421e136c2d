import { connect, type Socket } from 'node:net';

/** A bare TCP client: sends exactly the bytes it is told to and keeps everything that comes back. */
export class RawClient {
  received = '';
  closed = false;
  readonly #waiting = new Set<() => void>();

  private constructor(readonly socket: Socket) {
    const wake = (): void => this.#waiting.forEach((check) => check());
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      wake();
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return client;
  }

  send(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** Resolves with everything received so far as soon as it matches; fails when the connection ends before. */
  until(pattern: RegExp): Promise<string> {
    return this.#when(
      () => pattern.test(this.received),
      () => this.closed,
    );
  }

  /** Resolves with everything received when the server has closed the connection. */
  end(): Promise<string> {
    return this.#when(
      () => this.closed,
      () => false,
    );
  }

  destroy(): void {
    this.socket.destroy();
  }

  #when(done: () => boolean, failed: () => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const isDone = done();
        if (!isDone && !failed()) return;
        this.#waiting.delete(check);
        if (isDone) resolve(this.received);
        else reject(new Error(`connection closed after: ${JSON.stringify(this.received)}`));
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** Head and body of a request as text. */
export const request = (line: string, headers: Record<string, string> = {}, body = ''): string => {
  const all = { host: 'test', ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }), ...headers };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${head.join('')}\r\n${body}`;
};
