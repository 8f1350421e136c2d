import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../common/gateway-error.js';
import { Input, readFlag, readText } from '../read-input.js';
import type { Job, JobKind } from './job.js';
import { JobAnswers } from './job-answers.service.js';
import { JobBoard, JobPlan } from './job-board.service.js';

/** What `POST` and `GET` do alike for every kind of job. */
export class JobRequests {
  constructor(
    private readonly board: JobBoard,
    private readonly answers: JobAnswers,
    private readonly kind: JobKind,
  ) {}

  /** Joins the job that is named, or the one that runs, or begins one. */
  post(input: Input, plan: () => JobPlan, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const named = readText(input, 'job');
    const wait = readFlag(input, 'wait', true);
    const job = named === undefined ? (this.board.running(this.kind) ?? this.board.start(plan())) : this.#find(named);
    return this.answers.send(job, input, request, reply, wait);
  }

  get(input: Input, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const named = readText(input, 'job');
    if (named === undefined) throw new GatewayError('method_not_allowed', `Use POST to begin; GET shows a job that is named with ?job=ID.`);
    return this.answers.send(this.#find(named), input, request, reply, readFlag(input, 'wait', false));
  }

  #find(id: string): Job {
    const job = this.board.find(this.kind, id);
    if (job) return job;
    const message = 'There is no such job here: jobs are kept for an hour, by the process that began them.';
    throw new GatewayError('not_found', message, { param: 'job', code: 'job_not_found' });
  }
}
