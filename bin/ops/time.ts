import { UsageError } from './usage-error.ts';

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `10m` in milliseconds. */
export function parseDurationMs(text: string, flag: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined)
    throw new UsageError(`${flag} takes a duration like 30s, 10m, 2h or 1d, not "${text}".`);
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}

/** An ISO time, with its zone, in milliseconds since the epoch. */
export function parseInstantMs(text: string, flag: string): number {
  const isWhole = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/.test(text);
  const at = isWhole ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new UsageError(`${flag} takes a time like 2026-01-31T12:00:00Z, not "${text}".`);
  return at;
}

/** For people: `4m`, `3h`, `2d`. */
export function formatAge(ms: number): string {
  if (ms < UNITS.m) return `${Math.max(0, Math.floor(ms / UNITS.s))}s`;
  if (ms < UNITS.h) return `${Math.floor(ms / UNITS.m)}m`;
  if (ms < 2 * UNITS.d) return `${Math.floor(ms / UNITS.h)}h`;
  return `${Math.floor(ms / UNITS.d)}d`;
}
