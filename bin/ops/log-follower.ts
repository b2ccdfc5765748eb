import {
  type CloudWatchLogsClient,
  type FilteredLogEvent,
  FilterLogEventsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';

/** Lines may arrive late and out of order, so each read starts this far back and leaves out the lines seen before. */
const MAX_DELAY_MS = 10_000;
/** The maximum number of events in one response. */
const FULL_PAGE = 10_000;

/** Polls a log group. Each poll returns the lines that are new since the last one. */
export class LogFollower {
  readonly group: string;
  readonly #client: CloudWatchLogsClient;
  readonly #firstMs: number;
  /** The time from which the next poll reads. */
  #fromMs: number;
  /** The timestamps of the lines that the next poll may read again, by their ids. */
  #seen = new Map<string, number>();

  constructor(client: CloudWatchLogsClient, group: string, fromMs: number) {
    this.#client = client;
    this.group = group;
    this.#fromMs = fromMs;
    this.#firstMs = fromMs;
  }

  async newLines(signal: AbortSignal): Promise<FilteredLogEvent[]> {
    const lines: FilteredLogEvent[] = [];
    let newestMs = this.#fromMs;
    let startTime = this.#fromMs;
    let nextToken: string | undefined;
    let hasMore = true;
    while (hasMore && !signal.aborted) {
      const page = await this.#readPage(startTime, nextToken);
      const unseen = page.events.filter((event) => this.#markSeen(event));
      lines.push(...unseen);
      for (const { timestamp = 0 } of unseen) newestMs = Math.max(newestMs, timestamp);
      nextToken = page.nextToken;
      // An engine without tokens truncates a long response, so the next page starts at the newest line.
      const isTruncated = !nextToken && page.events.length >= FULL_PAGE && unseen.length > 0;
      if (isTruncated) startTime = newestMs;
      hasMore = nextToken !== undefined || isTruncated;
    }
    this.#fromMs = Math.max(this.#firstMs, newestMs - MAX_DELAY_MS);
    for (const [id, timestamp] of this.#seen) if (timestamp < this.#fromMs) this.#seen.delete(id);
    return lines;
  }

  /** Returns true if the line was not seen before. */
  #markSeen(event: FilteredLogEvent): boolean {
    const id = event.eventId ?? `${event.logStreamName} ${event.timestamp} ${event.message}`;
    if (this.#seen.has(id)) return false;
    this.#seen.set(id, event.timestamp ?? 0);
    return true;
  }

  async #readPage(startTime: number, nextToken: string | undefined) {
    try {
      const page = await this.#client.send(
        new FilterLogEventsCommand({ logGroupName: this.group, startTime, ...(nextToken ? { nextToken } : {}) }),
      );
      return { events: page.events ?? [], nextToken: page.nextToken };
    } catch (error) {
      // The group was deleted, for example by a deployment. Whether it is created again or not, it has no lines now.
      if (error instanceof ResourceNotFoundException) return { events: [], nextToken: undefined };
      throw error;
    }
  }
}
