import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../tools/user-error.ts';
import { defineCommand } from './command.ts';
import type { Printer } from './print.ts';
import { type ShownReport, waitForReport } from './report-client.ts';

/** Returns the file name that the link proposes, without any folder. */
const proposedName = (response: Response, { id, format }: ShownReport): string =>
  basename(/filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? `${id}.${format}.gz`);

/** Writes a response to a file. The file has its name only when all of it is there. */
async function save(response: Response, file: string, print: Printer, signal: AbortSignal): Promise<number> {
  const { body } = response;
  if (!body) throw new Error(`${response.url} has no content`);
  const total = Number(response.headers.get('content-length')) || undefined;
  const incomplete = `${file}.incomplete`;
  let done = 0;
  const countBytes = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      done += chunk.byteLength;
      print.progress('bytes', done, total);
      yield chunk;
    }
  };
  try {
    await pipeline(Readable.fromWeb(body), countBytes, createWriteStream(incomplete), { signal });
    await rename(incomplete, file);
  } finally {
    await rm(incomplete, { force: true });
    print.progressDone();
  }
  return done;
}

export default defineCommand({
  positionals: { usage: '<report id>', min: 1, max: 1 },
  options: { output: { type: 'string', valueName: 'file', help: 'where to write (default: the name of the report)' } },
  details: 'Waits until the report has ended. The file is compressed by gzip: zcat shows it.',
  examples: [
    'reports download juvsgtzyaan56zhxvgmwjzwijm',
    'reports download juvsgtzyaan56zhxvgmwjzwijm --output november.csv.gz',
  ],
  run: async ({ positionals: [id = ''], values, target, print, signal }) => {
    const report = await waitForReport(target, id, { print, signal });
    if (report.status !== 'finished' || !report.url)
      throw new UserError(
        `The report ${id} is ${report.status}${report.reason ? `: ${report.reason}` : ''}.`,
        `npm run ops -- reports show ${id}`,
      );
    const response = await fetch(report.url, { signal });
    if (!response.ok)
      throw new UserError(`The link returned ${response.status}: ${await response.text()}`, 'Run the command again.');
    const file = values.output ?? proposedName(response, report);
    const bytes = await save(response, file, print, signal);
    print.result({ id, file, bytes, rows: report.rows }, () => `${file}: ${report.rows} rows, ${bytes} bytes`);
    return undefined;
  },
});
