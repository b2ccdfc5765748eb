/** A setting of the stage is not valid. Its message says what to change, so it needs no stack trace. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
