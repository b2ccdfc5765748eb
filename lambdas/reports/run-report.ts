import type { MessageContext } from '../shared/messaging/receipt.ts';
import { Busy, Rejected } from '../shared/runtime/errors.ts';
import { createRandomId } from '../shared/runtime/ids.ts';
import { logger } from '../shared/runtime/observability.ts';
import { assembleStep } from './assemble.ts';
import { PartWriter } from './part-writer.ts';
import { headerOf, lineFormat, sumsOf } from './record-format.ts';
import { addSums, isBalanced, MAX_RUNS, type Report } from './report.ts';
import { putPart } from './report-row.ts';
import { LostLease, type RunEvent } from './report-store.ts';
import type { Run, RunPorts } from './run.ts';
import { folders } from './table.ts';

/**
 * Works on a report until it is finished or the time of this run is over: reads pages, writes them as parts, and puts
 * the parts together. Each step is written under the version of the report, so after a crash the next run continues
 * behind the last step, and a worker that is late writes nothing.
 */
export async function runReport(ports: RunPorts, event: RunEvent, { deadlineMs }: MessageContext): Promise<void> {
  if (event.data.run > MAX_RUNS)
    throw new Rejected('report_too_long', `The report was not finished after ${MAX_RUNS} runs.`);
  const run = { ...ports, event, worker: createRandomId(), endsMs: deadlineMs - ports.limits.reserveMs };
  const report = await ports.reports.startRun(event, run.worker);
  if (!report) return logger.info('the run of the report is a duplicate', { ...event.data });
  await workOn(run, report);
}

async function workOn(run: Run, started: Report): Promise<void> {
  const { clock, endsMs, event } = run;
  let report = started;
  try {
    while (report.status === 'running' && report.run === event.data.run)
      report = report.phase === 'reading' ? await readStep(run, report) : await assembleStep(run, report);
    if (report.status === 'running') logger.info('the report continues in another run', { at: clock.now() - endsMs });
  } catch (error) {
    // The other worker continues, and this message comes again in case that it does not.
    if (error instanceof LostLease) throw new Busy(error.message, { cause: error });
    await releaseAfterFailure(run, report);
    throw error;
  }
}

/** Ends the lease, so that the retry need not wait for it. The lease would end by itself. */
async function releaseAfterFailure({ reports, event }: Run, report: Report): Promise<void> {
  try {
    await reports.release(report, event);
  } catch (error) {
    logger.warn('lease not released', { report_id: report.id, error: error as Error });
  }
}

/** Reads pages into one part, writes the part, and then records it with the position behind it. */
async function readStep(run: Run, report: Report): Promise<Report> {
  const { reports, objects, clock, event } = run;
  const { body, rows, sums, position } = await readPart(run, report);
  const read = { rows: report.rows + rows, sums: addSums(report.sums, sums) };
  const change = position === undefined ? { ...read, phase: 'assembling' as const } : { ...read, position };
  if (position === undefined && !isBalanced({ kind: report.kind, sums: read.sums }))
    throw new Rejected('ledger_unbalanced', `The postings of the report sum to ${read.sums['total']} and not to zero.`);
  const isLast = clock.now() >= run.endsMs;
  // A part without rows is not written, except for the first one: it has the names of the columns.
  if (rows === 0 && report.parts > 0) return reports.advance(report, { change, isLast }, event);
  const number = report.parts + 1;
  // Two workers may write the same part at the same time. Each has an object of its own, and one of them is recorded.
  const part = { key: `${folders.parts}${report.id}/${number}-${run.worker}.gz`, bytes: body.byteLength };
  await objects.put(part.key, body);
  const writes = [putPart(report, number, part, clock.now())];
  const step = { change: { ...change, parts: number }, writes, isLast: isLast || clock.now() >= run.endsMs };
  return reports.advance(report, step, event);
}

async function readPart({ sourceOf, clock, limits, endsMs }: Run, report: Report) {
  const source = sourceOf(report);
  const writer = new PartWriter();
  const format = lineFormat(report.kind, report.format);
  const partEndsMs = Math.min(endsMs, clock.now() + limits.partMs);
  const hasTime = () => clock.now() < partEndsMs;
  if (report.parts === 0) writer.write(headerOf(report.kind, report.format));
  let { position } = report;
  let rows = 0;
  let sums = {};
  do {
    const { records, next } = await source.read(position, hasTime);
    for (const record of records) writer.write(format(record));
    rows += records.length;
    sums = addSums(sums, sumsOf(report.kind, records));
    position = next;
  } while (position !== undefined && writer.bytes < limits.partBytes && hasTime());
  return { body: writer.finish(), rows, sums, position };
}
