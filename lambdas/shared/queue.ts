/** A queue and its DLQ, as a consumer handles them. */
export interface QueuePort {
  /** The same body as a message of its own, received for the first time again. */
  putBack(body: string): Promise<void>;
  /** For good, with what an operator wants to know. */
  bury(body: string, epitaph: Epitaph): Promise<void>;
  /** When each of these may be received again; answers those for which it could not be set. */
  delay(delays: readonly Delay[]): Promise<string[]>;
}

export interface Delay {
  readonly id: string;
  readonly handle: string;
  readonly seconds: number;
}

export interface Epitaph {
  readonly reason: string;
  readonly first_received_at: string;
  readonly last_received_at: string;
  readonly receive_count: number;
}
