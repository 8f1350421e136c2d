import type { GatewayScene } from '../../support/gateway-scene.js';
import type { LogEntry } from '../../support/process-log.js';

let markers = 0;

/** What the gateway logs about requests from one moment on. Lines are written late: a request of our own before and after shows that all others are there. */
export class RequestLog {
  private constructor(
    private readonly scene: GatewayScene,
    private readonly begin: string,
  ) {}

  static async from(scene: GatewayScene): Promise<RequestLog> {
    return new RequestLog(scene, await mark(scene));
  }

  /** Requests so far, oldest first. */
  async requests(): Promise<LogEntry[]> {
    const end = await mark(this.scene);
    const lines = this.scene.gateway.entries.filter(({ msg }) => msg === 'request');
    const at = (path: string): number => lines.findIndex((line) => line.path === path);
    return lines.slice(at(this.begin) + 1, at(end));
  }

  async statuses(): Promise<unknown[]> {
    return (await this.requests()).map(({ status }) => status);
  }
}

async function mark(scene: GatewayScene): Promise<string> {
  const path = `/marker-${++markers}`;
  await scene.gateway.request(path);
  await scene.gateway.logged((entry) => entry.msg === 'request' && entry.path === path);
  return path;
}
