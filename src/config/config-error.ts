export interface Fault {
  /** The key as written; the file's path when the file as a whole is wrong. */
  readonly key: string;
  readonly message: string;
  /** The valid key that was most likely meant. */
  readonly nearest?: string;
  /** `config.yaml:12` or the name of the environment variable. */
  readonly where?: string;
}

const line = ({ key, message, nearest, where }: Fault): string =>
  `${key}${where ? ` (${where})` : ''}: ${message}${nearest ? `; did you mean ${nearest}?` : ''}`;

/** The configuration cannot be used. The message has one line per fault and no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly faults: readonly Fault[]) {
    super(faults.map(line).join('\n'));
  }
}
