import { ConfigError } from '../config/config-error.js';
import { type ConfigSources, loadConfig } from '../config/load-config.js';

/** Prints what is wrong with the configuration, or that it is valid, one line each. @returns the exit code, 0 or 1 */
export const checkConfig = (sources: ConfigSources, print: (line: string) => void): 0 | 1 => {
  try {
    for (const warning of loadConfig(sources).warnings) print(`warning: ${warning}`);
    print('configuration is valid');
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    print(error.message);
    return 1;
  }
};
