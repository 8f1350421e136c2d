/** The load generator as a process: forked with its job in a message, ends when it has reported. */
import type { Job } from './job.ts';
import { Load } from './load.ts';

process.once('message', (job: Job) => {
  const load = new Load(job);
  void load.run().then((result) => {
    process.send!(result, () => process.exit(0));
    load.close();
  });
});
process.on('disconnect', () => process.exit(0));
