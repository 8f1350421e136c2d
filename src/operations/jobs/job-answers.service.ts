import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isIdentified } from '../../access/operator.guard.js';
import { toBytes } from '../../common/byte-string.js';
import type { SseWriter } from '../../common/sse-writer.js';
import { clientSignal } from '../../inbound/client-signal.js';
import { SseWriters } from '../../inbound/sse-writers.service.js';
import { Input, readCount } from '../read-input.js';
import type { Job } from './job.js';
import { beginFrame, endFrame, itemFrame, JobViewer, shownItem, shownJob } from './job-view.js';

export const JOB_HEADER = 'x-job-id';
/** Items in one write. */
const FRAMES = 100;
const COMMENT = toBytes(': keep-alive\n\n');

/** Shows a job to a caller: as events while it runs, or as one JSON document. Whoever stops looking does not stop the job. */
@Injectable()
export class JobAnswers {
  constructor(private readonly writers: SseWriters) {}

  /** `wait`: a JSON answer comes with the job's end; otherwise at once, with what is there (202 while it runs). */
  async send(job: Job, query: Input, request: FastifyRequest, reply: FastifyReply, wait: boolean): Promise<void> {
    void reply.header(JOB_HEADER, job.id).header('cache-control', 'no-store');
    const after = this.#after(query, request);
    const viewer = { emails: isIdentified(request) };
    if (request.method === 'HEAD') return void reply.type('text/event-stream; charset=utf-8').send();
    if (wantsJson(request.headers.accept)) return this.#json(job, after, viewer, request, reply, wait);
    const writer = this.writers.create(reply, () => COMMENT);
    writer.open();
    await this.#follow(job, after, viewer, writer);
  }

  /** The number of the last item that the caller has. */
  #after(query: Input, request: FastifyRequest): number {
    const header = request.headers['last-event-id'];
    const said = query.after ?? (typeof header === 'string' && /^\d{1,9}$/.test(header) ? header : undefined);
    return readCount({ after: said }, 'after', { fallback: 0, min: 0, max: 999_999_999 });
  }

  /** Nothing is kept for a caller who reads slowly: the job's own items are the buffer. */
  async #follow(job: Job, after: number, viewer: JobViewer, writer: SseWriter): Promise<void> {
    let next = after;
    writer.write(toBytes(beginFrame(job)));
    while (!writer.closed) {
      while (next < job.items.length && !writer.closed) {
        const items = job.items.slice(next, next + FRAMES);
        writer.write(toBytes(items.map((item, n) => itemFrame(item, next + n + 1, viewer)).join('')));
        next += items.length;
        await writer.drain();
      }
      if (job.status !== 'running') break;
      await job.changed();
    }
    writer.write(toBytes(endFrame(job)));
    writer.end();
  }

  async #json(job: Job, after: number, viewer: JobViewer, request: FastifyRequest, reply: FastifyReply, wait: boolean): Promise<void> {
    const answer = this.writers.createJson(reply);
    if (wait) {
      const signal = clientSignal(request, reply);
      answer.watch(() => ({ [JOB_HEADER]: job.id }));
      while (job.status === 'running' && !signal.aborted) await job.changed();
      if (signal.aborted) return answer.destroy();
    }
    if (!answer.begun) void reply.code(job.status === 'running' ? 202 : 200);
    const items = job.items.slice(after).map((item, n) => shownItem(item, after + n + 1, viewer));
    answer.end(JSON.stringify({ ...shownJob(job), items }));
  }
}

const wantsJson = (accept = ''): boolean => /\bapplication\/json\b/i.test(accept) && !/\btext\/event-stream\b/i.test(accept);
