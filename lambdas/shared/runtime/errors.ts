/**
 * The three kinds of error (docs/architecture.md): a refusal by the domain, a repeat of what is done, and anything
 * else, which propagates. `Busy` is of the third kind, with a milder end: the caller may simply come again.
 */

/** The domain says no. `route` answers 4xx with this code; a saga step turns it into a refusal event. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 409) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** What was asked for has been decided before; `row` is the decision as it was written then. */
export class AlreadyDone extends Error {
  override readonly name = 'AlreadyDone';
  readonly row: Readonly<Record<string, unknown>>;

  constructor(row: Readonly<Record<string, unknown>>) {
    super(`already decided: ${String(row['pk'])} ${String(row['sk'])}`);
    this.row = row;
  }
}

/** Others changed the same rows, or the table was throttled, until patience ran out. Nothing was written. */
export class Busy extends Error {
  override readonly name = 'Busy';
}

/** A message that can never succeed, however often it is tried: it goes to the DLQ at once. */
export class PoisonMessage extends Error {
  override readonly name = 'Poison';
}

/** What this step stands on has not arrived yet, though it is under way: the message comes back later, and is no failure. */
export class PrerequisiteMissing extends Error {
  override readonly name = 'NotYet';
}
