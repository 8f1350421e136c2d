import { Choice, Flag, Integer, Text } from '../key.decorators.js';

const TO_STDOUT = 'logs go to standard output; files and their rotation belong to the service manager';
const NO_CONTENT = 'contents of streams are never logged: they are the words of users';

export class LoggingKeys {
  static readonly title = 'Logs';

  @Choice('log-level', ['debug', 'info', 'warn', 'error'], { about: 'Least severe level that is logged.' })
  logLevel: 'debug' | 'info' | 'warn' | 'error' = 'info';

  @Choice('log-format', ['text', 'json'], { about: 'text for people, json for collectors.' })
  logFormat: 'text' | 'json' = 'text';

  @Text('log-color', { about: 'Colours in logs.', noEffect: 'logs have no colours' })
  logColor = 'auto';

  @Flag('log-report-caller', { about: 'Name the line of code in each log line.', noEffect: 'each line names its component' })
  logReportCaller = false;

  @Text('log-dir', { about: 'Directory of log files.', noEffect: TO_STDOUT })
  logDir = 'logs';

  @Integer('log-max-size-mb', { about: 'Size at which a log file is rotated.', noEffect: TO_STDOUT })
  logMaxSizeMb = 100;

  @Integer('log-max-backups', { about: 'Rotated log files that are kept.', noEffect: TO_STDOUT })
  logMaxBackups = 7;

  @Integer('log-max-age-days', { about: 'Age at which a log file is removed.', noEffect: TO_STDOUT })
  logMaxAgeDays = 30;

  @Flag('log-compress', { about: 'Compress rotated log files.', noEffect: TO_STDOUT })
  logCompress = true;

  @Flag('log-separate-error-file', { about: 'A log file of its own for errors.', noEffect: TO_STDOUT })
  logSeparateErrorFile = true;

  @Flag('debug-upstream-stream', { about: 'Log what the backend streams.', noEffect: NO_CONTENT })
  debugUpstreamStream = false;

  @Flag('debug-ws-stream', { about: 'Log what WebSockets carry.', noEffect: NO_CONTENT })
  debugWsStream = false;
}
