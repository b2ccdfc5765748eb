import type { CacheDefinition } from './definition.ts';
import { FeedReader } from './feed.ts';
import type { RowPorts } from './group-rows.ts';
import { ReadCache } from './read-cache.ts';
import { SharedRows } from './shared-rows.ts';

/**
 * The caches of one table in one execution environment. They share the feed, so that one read a second serves all of
 * them. It is created once, with the dependencies of the function, and not for each request.
 */
export class CacheEnvironment {
  readonly #ports: RowPorts;
  readonly #caches = new Map<string, Pick<ReadCache<unknown>, 'onChange' | 'distrustAll'>>();
  readonly #feed: FeedReader;

  constructor(ports: RowPorts) {
    this.#ports = ports;
    this.#feed = new FeedReader(ports, {
      onChange: (change) => this.#caches.get(change.cache)?.onChange(change),
      onGap: () => {
        for (const cache of this.#caches.values()) cache.distrustAll();
      },
    });
  }

  /** Creates a cache. With 0 groups, its values stay in memory, and only its invalidations are shared. */
  createCache<V>(definition: CacheDefinition<V>): ReadCache<V> {
    const { name, groups, parse, ...options } = definition;
    if (this.#caches.has(name)) throw new Error(`there are two caches of the name ${name}`);
    const rows = groups > 0 ? { rows: new SharedRows(this.#ports, { name, groups }) } : {};
    const cache = new ReadCache<V>({ ...options, clock: this.#ports.clock }, { feed: this.#feed, ...rows, parse });
    this.#caches.set(name, cache);
    return cache;
  }
}
