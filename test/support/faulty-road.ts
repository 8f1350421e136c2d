import { AddressInfo, connect, createServer, Server, Socket } from 'node:net';

type Traffic = 'pass' | 'hang' | 'reset';

/**
 * A TCP way to a server that can be closed, go silent or break every connection. A connection that has gone silent stays so for ever, as
 * one does whose other end has vanished: only connections that are made afterwards go through again.
 */
export class FaultyRoad {
  /** Connections that were accepted. */
  accepted = 0;
  /** Every connection is held for so long before it is taken further. */
  delayMs = 0;
  #breaks: { readonly after: number; readonly way: 'there' | 'back' }[] = [];
  #traffic: Traffic = 'pass';
  #server: Server | null = null;
  readonly #open = new Set<Socket>();

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {}

  port = 0;

  static async to(url: string): Promise<FaultyRoad> {
    const { hostname, port } = new URL(url);
    const road = new FaultyRoad({ host: hostname, port: Number(port) });
    await road.#listen();
    return road;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The address `url` of the server, by this road. */
  of(url: string): string {
    return url.replace(`${this.target.host}:${this.target.port}`, `127.0.0.1:${this.port}`);
  }

  /** New connections go through. */
  async pass(): Promise<void> {
    this.#traffic = 'pass';
    if (!this.#server) await this.#listen();
  }

  /** Connections are refused; those there are break. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
    this.cut();
    await closed;
  }

  /** Connections are accepted, and nothing is ever heard on them or on those there are. */
  hang(): void {
    this.#traffic = 'hang';
    for (const socket of this.#open) socket.pause();
  }

  /** Connections are reset as soon as something is sent on them. */
  reset(): void {
    this.#traffic = 'reset';
    this.cut();
  }

  /** The next connection is reset when so many bytes have gone that way. */
  breakNext(way: 'there' | 'back', after: number): void {
    this.#breaks.push({ way, after });
  }

  /** Resets the connections there are. */
  cut(): void {
    // One that is paused has not noticed that its other end is gone; its handle cannot be reset then, and must not hold the process.
    for (const socket of this.#open) socket.unref().resetAndDestroy();
  }

  async close(): Promise<void> {
    await this.refuse();
  }

  async #listen(): Promise<void> {
    const server = createServer((socket) => void this.#take(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: this.port, host: '127.0.0.1', backlog: 4_096 }, resolve);
    });
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async #take(near: Socket): Promise<void> {
    this.accepted++;
    this.#keep(near);
    near.pause();
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    if (this.#traffic === 'hang') return;
    if (this.#traffic === 'reset') {
      near.resume().once('data', () => near.resetAndDestroy());
      return;
    }
    const far = connect(this.target);
    this.#keep(far);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    const fault = this.#breaks.shift();
    if (fault?.after === 0) return void near.resetAndDestroy();
    far.on('data', (bytes) => this.#forward(far, near, bytes, fault?.way === 'back' ? fault.after : Infinity));
    near.on('data', (bytes) => this.#forward(near, far, bytes, fault?.way === 'there' ? fault.after : Infinity));
    near.resume();
  }

  /** Not a pipe: that would go on by itself. */
  #forward(from: Socket, to: Socket, bytes: Buffer, most: number): void {
    if (from.bytesRead >= most) {
      to.write(bytes.subarray(0, bytes.length - (from.bytesRead - most)), () => (from.resetAndDestroy(), to.resetAndDestroy()));
    } else if (this.#traffic === 'hang') from.pause();
    else if (!to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  }

  #keep(socket: Socket): void {
    this.#open.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#open.delete(socket));
  }
}
