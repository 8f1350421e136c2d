import { VERSION } from '../common/version.js';
import { ConfigError } from '../config/config-error.js';
import { ArgumentError, Arguments, parseArguments, USAGE } from './arguments.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * The program. Resolves with the exit code of a command that ends, and with `undefined` where the service goes on running.
 * Commands are imported when they are asked for, so that `--version` does not load the service.
 */
export async function run(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number | undefined> {
  // A reader that goes away (`codex-proxy sandbox | head`) ends what is printed, not the service.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    const args = parseArguments(argv);
    if (args.help) return (say(USAGE), 0);
    if (args.version) return (say(VERSION), 0);
    return await command(args, env);
  } catch (error) {
    if (error instanceof ArgumentError) complain(`codex-proxy: ${error.message}\n\n${USAGE}`);
    else if (error instanceof ConfigError) complain(error.message);
    else complain(`codex-proxy could not start: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function command({ command: name, configFile }: Arguments, env: NodeJS.ProcessEnv): Promise<number | undefined> {
  switch (name) {
    case 'check-config': {
      const { checkConfig } = await import('./check-config.js');
      return checkConfig({ file: configFile, env }, say);
    }
    case 'start': {
      const { startFromSources } = await import('./start.js');
      await startFromSources({ file: configFile, env });
      return undefined;
    }
    case 'sandbox': {
      const { startSandbox } = await import('./sandbox.js');
      await startSandbox({ file: configFile, env }, say);
      return undefined;
    }
  }
}
