// The three kinds of error are described in docs/architecture.md: a rejection by the domain, a repetition of what was
// done before, and anything else, which propagates. `Busy` and `PrerequisiteMissing` can be resolved by trying later.

/** The domain rejects the request. A route returns 4xx with this code; a saga step publishes a rejection event. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  readonly code: string;
  readonly status: number;
  /** Further members of the problem document. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, status = 409, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

/** The step was decided before. `row` is the decision as it was written then. */
export class AlreadyDone extends Error {
  override readonly name = 'AlreadyDone';
  readonly row: Readonly<Record<string, unknown>>;

  constructor(row: Readonly<Record<string, unknown>>) {
    super(`already decided: ${String(row['pk'])} ${String(row['sk'])}`);
    this.row = row;
  }
}

/** The rows were changed by others, or the table was throttled, until the deadline. */
export class Busy extends Error {
  override readonly name: string = 'Busy';
}

/**
 * A write got no response until the deadline, and a later read could not show its effect. It may have been applied, or
 * may still be. Only a repetition under the same identity is safe.
 */
export class OutcomeUnknown extends Busy {
  override readonly name = 'OutcomeUnknown';
}

/** The message can never succeed. It is dead-lettered at once. */
export class PoisonMessage extends Error {
  override readonly name = 'PoisonMessage';
}

/** An event that this step depends on has not arrived yet. The message is requeued, which is not a failure. */
export class PrerequisiteMissing extends Error {
  override readonly name = 'PrerequisiteMissing';
}
