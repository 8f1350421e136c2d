import { runningProcess } from '../measure/process.ts';
import type { Target } from './target.ts';

/** No proxy at all: the client straight at the fake backend. Shows what the harness itself can carry. */
export const direct: Target = {
  name: 'direct',
  label: '',
  refuses: (s) => (s.kind === 'startup' || s.accounts > 50 ? 'nothing to start' : null),
  // The backend always streams Responses.
  answersIn: (dialect, stream) => ({ dialect, stream: stream || dialect === 'responses' }),
  start: ({ upstreamPort }) => runningProcess(null, { host: '127.0.0.1', port: upstreamPort }),
};
