import {
  type CloudWatchLogsClient,
  type FilteredLogEvent,
  FilterLogEventsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';

/** Lines may come in late and out of order; so far back is asked again, and what was seen is left out. */
const LATE_MS = 10_000;
const FULL_PAGE = 10_000;

/** One log group, read on from where the last reading ended. */
export class LogFollower {
  readonly group: string;
  readonly #client: CloudWatchLogsClient;
  #from: number;
  readonly #first: number;
  /** The ids of lines in the time that is asked again, with their times. */
  #seen = new Map<string, number>();

  constructor(client: CloudWatchLogsClient, group: string, from: number) {
    this.#client = client;
    this.group = group;
    this.#from = from;
    this.#first = from;
  }

  async newLines(signal: AbortSignal): Promise<FilteredLogEvent[]> {
    const fresh: FilteredLogEvent[] = [];
    let newest = this.#from;
    let startTime = this.#from;
    let nextToken: string | undefined;
    let goesOn = true;
    while (goesOn && !signal.aborted) {
      const page = await this.#page(startTime, nextToken);
      const unseen = page.events.filter((event) => this.#isNew(event));
      fresh.push(...unseen);
      for (const { timestamp = 0 } of unseen) newest = Math.max(newest, timestamp);
      nextToken = page.nextToken;
      // an engine without tokens cuts a long answer off: it is asked on from its end
      const isCut = !nextToken && page.events.length >= FULL_PAGE && unseen.length > 0;
      if (isCut) startTime = newest;
      goesOn = nextToken !== undefined || isCut;
    }
    this.#from = Math.max(this.#first, newest - LATE_MS);
    for (const [id, at] of this.#seen) if (at < this.#from) this.#seen.delete(id);
    return fresh;
  }

  #isNew(event: FilteredLogEvent): boolean {
    const id = event.eventId ?? `${event.logStreamName} ${event.timestamp} ${event.message}`;
    if (this.#seen.has(id)) return false;
    this.#seen.set(id, event.timestamp ?? 0);
    return true;
  }

  async #page(startTime: number, nextToken: string | undefined) {
    try {
      const page = await this.#client.send(
        new FilterLogEventsCommand({ logGroupName: this.group, startTime, ...(nextToken ? { nextToken } : {}) }),
      );
      return { events: page.events ?? [], nextToken: page.nextToken };
    } catch (error) {
      // a group that was deleted, by a deploy say, comes again or does not: there is nothing to read either way
      if (error instanceof ResourceNotFoundException) return { events: [], nextToken: undefined };
      throw error;
    }
  }
}
