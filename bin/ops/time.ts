import { UsageError } from './usage-error.ts';

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Parses a duration such as `10m` and returns milliseconds. */
export function parseDurationMs(text: string, flag: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined)
    throw new UsageError(`${flag} requires a duration like 30s, 10m, 2h or 1d, not "${text}".`);
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** Parses an ISO date, or an ISO time with a time zone, and returns milliseconds since the epoch. */
export function parseInstantMs(text: string, flag: string): number {
  const isIso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/.test(text);
  const instantMs = isIso ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instantMs))
    throw new UsageError(`${flag} requires a time like 2026-01-31T12:00:00Z, not "${text}".`);
  return instantMs;
}

/** Formats an age with one unit: `4m`, `3h`, `2d`. */
export function formatAge(ms: number): string {
  if (ms < UNITS_MS.m) return `${Math.max(0, Math.floor(ms / UNITS_MS.s))}s`;
  if (ms < UNITS_MS.h) return `${Math.floor(ms / UNITS_MS.m)}m`;
  if (ms < 2 * UNITS_MS.d) return `${Math.floor(ms / UNITS_MS.h)}h`;
  return `${Math.floor(ms / UNITS_MS.d)}d`;
}

/** Formats an ISO time as `2026-01-31 12:00:00.000`. */
export const formatTime = (iso: string): string => iso.slice(0, 23).replace('T', ' ');
