import { count } from '../shared/runtime/observability.ts';
import type { ObjectStore } from './object-store.ts';
import type { Report } from './report.ts';
import { fileKey, type Part, putUpload } from './report-row.ts';
import type { Run } from './run.ts';

/**
 * Puts the parts together to one file, by one step. The parts are final now, so every worker divides them into the same
 * groups and writes the same bytes. A small file is written at once, a larger one by an upload with a part per group.
 */
export async function assembleStep(run: Run, report: Report): Promise<Report> {
  const { reports, objects, clock, limits, event } = run;
  const groups = groupParts(await reports.listParts(report.id), limits.uploadBytes);
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
    return advance({ uploaded: number }, [putUpload(report, number, tag, clock.now())]);
  }
  const isComplete = await objects.completeUpload(upload, await reports.listUploadTags(report.id, groups.length));
  if (isComplete) return finish(run, report, groups);
  // A worker that crashed may have completed it. A new upload writes the same file again.
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

async function joinParts(objects: ObjectStore, parts: readonly Part[]): Promise<Uint8Array> {
  const bodies: Uint8Array[] = [];
  for (const { key } of parts) bodies.push(await objects.get(key));
  return Buffer.concat(bodies);
}
