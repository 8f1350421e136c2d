/**
 * The fake backend as a process: `node bench/upstream/main.ts [--port 18090] [--workers 2]`.
 * Raw sockets and prepared bytes, so that it costs as little as an upstream can.
 */
import cluster, { type Worker } from 'node:cluster';
import net, { type AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { UpstreamConnection } from './connection.ts';
import { obey, type Command, type UpstreamStats } from './stats.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, workers: { type: 'string', default: '1' } } });
const workers = Number(values.workers);

function serve(): void {
  const server = net.createServer({ noDelay: true }, (sock) => new UpstreamConnection(sock));
  server.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 4096 }, () => {
    const { port } = server.address() as AddressInfo;
    if (process.send) process.send({ port });
    else console.log(`upstream on 127.0.0.1:${port}`);
  });
  process.on('message', (command: Command) => {
    const answer = obey(command);
    if (answer) process.send!(answer);
  });
}

const ask = (worker: Worker, command: Command) =>
  new Promise<UpstreamStats>((resolve) => {
    worker.once('message', resolve);
    worker.send(command);
  });

function sum(all: readonly UpstreamStats[]): UpstreamStats {
  const total: UpstreamStats = { requests: 0, refused: 0, active: 0, aborted: 0, events: 0, accounts: 0, memory: 0 };
  for (const one of all) for (const key of Object.keys(total) as (keyof UpstreamStats)[]) total[key] += one[key];
  return total;
}

function lead(): void {
  let up = 0;
  for (let i = 0; i < workers; i++) cluster.fork();
  cluster.on('message', (_worker, message: { port?: number }) => {
    if (message.port && ++up === workers) process.send?.({ port: message.port });
  });
  process.on('message', (command: Command) => {
    const all = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    if (command.cmd === 'stats') void Promise.all(all.map((worker) => ask(worker, command))).then((each) => process.send!(sum(each)));
    else for (const worker of all) worker.send(command);
  });
}

if (workers > 1 && cluster.isPrimary) lead();
else serve();
process.on('disconnect', () => process.exit(0));
