import { batchesOf } from '../shared/runtime/batches.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { count } from '../shared/runtime/observability.ts';
import type { ObjectStore } from './object-store.ts';
import type { Report } from './report.ts';
import { fileKey, type Part, putUpload } from './report-row.ts';
import type { Run } from './run.ts';

/** The parts that are read at the same time: 4,000 parts then take 6 s at 50 ms for each. */
const PARTS_AT_ONCE = 32;

/**
 * Puts the parts together to one file, by one step. The parts are final now, so every worker divides them into the same
 * groups and writes the same bytes. A small file is written at once, a larger one by an upload with a part per group.
 */
export async function assembleStep(run: Run, report: Report): Promise<Report> {
  const { reports, objects, clock, limits, event } = run;
  const parts = await reports.listParts(report.id);
  if (parts.length !== report.parts)
    throw new Rejected(
      'report_parts_missing',
      `Only ${parts.length} of the ${report.parts} parts of the report exist. Request the report again.`,
    );
  const groups = groupParts(parts, limits.uploadBytes);
  const key = fileKey(report);
  const [only] = groups;
  if (groups.length === 1 && only) {
    await objects.put(key, await joinParts(objects, only));
    return finish(run, report, groups);
  }
  const advance = (change: Partial<Report>, writes: Parameters<typeof reports.advance>[1]['writes'] = []) =>
    reports.advance(report, { change, writes, isLast: clock.now() >= run.endsMs }, event);
  if (!report.upload_id) return advance({ upload_id: await objects.startUpload(key), uploaded: 0 });
  const upload = { key, id: report.upload_id };
  const group = groups[report.uploaded];
  if (group) {
    const number = report.uploaded + 1;
    const tag = await objects.uploadPart(upload, number, await joinParts(objects, group));
    if (tag !== undefined) return advance({ uploaded: number }, [putUpload(report, number, tag, clock.now())]);
  } else {
    const tags = await reports.listUploadTags(report.id, groups.length);
    if (await objects.completeUpload(upload, tags)) return finish(run, report, groups);
  }
  // A worker that crashed may have completed it, or S3 has removed it because the report was continued late. A new
  // upload writes the same file again.
  count('Duplicates');
  return advance({ upload_id: '', uploaded: 0 });
}

async function finish({ reports, event }: Run, report: Report, groups: readonly (readonly Part[])[]): Promise<Report> {
  const bytes = groups.flat().reduce((sum, part) => sum + part.bytes, 0);
  await reports.finish(report, bytes, event);
  return { ...report, status: 'finished' };
}

/** Divides the parts into groups of at least so many bytes. Only the last group may be smaller. */
export function groupParts(parts: readonly Part[], minBytes: number): Part[][] {
  const groups: Part[][] = [];
  let bytes = minBytes;
  for (const part of parts) {
    if (bytes >= minBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(part);
    bytes += part.bytes;
  }
  return groups;
}

/**
 * Returns the bytes of a group. If few rows of a large table match, parts have a few bytes and a group has thousands of
 * them: up to 4 in each of 1,000 runs. Read one by one, they could take longer than a worker has.
 */
async function joinParts(objects: ObjectStore, parts: readonly Part[]): Promise<Uint8Array> {
  const bodies: Uint8Array[] = [];
  for (const batch of batchesOf(parts, PARTS_AT_ONCE))
    bodies.push(...(await Promise.all(batch.map(({ key }) => objects.get(key)))));
  return Buffer.concat(bodies);
}
