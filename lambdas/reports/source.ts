import type { Key } from '../shared/store/store.ts';
import type { ReportRecord } from './record-format.ts';

interface SourcePage {
  readonly records: readonly ReportRecord[];
  /** Where the next page starts, as a text. Absent after the last page. */
  readonly next?: string;
}

/** The records of one kind and range, page by page. A position is valid in any process and at any later time. */
export interface Source {
  /** Reads the next page. A page that takes long may end when `hasTime` is false. */
  read(position: string | undefined, hasTime: () => boolean): Promise<SourcePage>;
}

/** The segments of a table that are read at the same time. A page of each, up to 1 MB, is in memory at once. */
const SEGMENTS = 4;

interface SegmentPage {
  readonly records: readonly ReportRecord[];
  readonly next?: Key;
}

type ReadSegment = (segment: {
  readonly segment: number;
  readonly segments: number;
  readonly after?: Key | undefined;
}) => Promise<SegmentPage>;

/** The position of one segment: the last key that was read, nothing at its start, or its end. */
type SegmentPosition = { readonly after?: Key | undefined; readonly isDone?: boolean };

/** Reads a table by segments: each page has one page of every segment that has not ended, in their order. */
export const segmentedSource = (readSegment: ReadSegment): Source => ({
  read: async (position) => {
    const segments = position
      ? (JSON.parse(position) as SegmentPosition[])
      : Array.from({ length: SEGMENTS }, (): SegmentPosition => ({}));
    const pages = await Promise.all(
      segments.map(({ after, isDone }, segment): Promise<SegmentPage> | undefined =>
        isDone ? undefined : readSegment({ segment, segments: SEGMENTS, after }),
      ),
    );
    const next = pages.map((page): SegmentPosition => (page?.next ? { after: page.next } : { isDone: true }));
    return {
      records: pages.flatMap((page) => page?.records ?? []),
      ...(next.every(({ isDone }) => isDone) ? {} : { next: JSON.stringify(next) }),
    };
  },
});

/** Reads pages in sequence, each from the position that the page before it has returned. */
export const sequentialSource = <Position>(
  readPage: (
    position: Position | undefined,
    hasTime: () => boolean,
  ) => Promise<{ readonly records: readonly ReportRecord[]; readonly next?: Position }>,
): Source => ({
  read: async (position, hasTime) => {
    const { records, next } = await readPage(position ? (JSON.parse(position) as Position) : undefined, hasTime);
    return { records, ...(next === undefined ? {} : { next: JSON.stringify(next) }) };
  },
});
