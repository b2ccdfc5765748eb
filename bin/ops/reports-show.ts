import { defineCommand } from './command.ts';
import { columns } from './print.ts';
import { describeReport, getReport } from './report-client.ts';
import { printAndWatch, watchOption } from './watch.ts';

export default defineCommand({
  positionals: { usage: '<report id>', min: 1, max: 1 },
  options: { watch: watchOption },
  details: 'While the report runs, rows and sums are those that it has written so far.',
  examples: ['reports show juvsgtzyaan56zhxvgmwjzwijm', 'reports show juvsgtzyaan56zhxvgmwjzwijm --watch'],
  run: async ({ positionals: [id = ''], values, target, print, signal }) =>
    printAndWatch(
      { print, signal },
      values.watch,
      () => getReport(target, id),
      (report) => columns(describeReport(report)).join('\n'),
    ),
});
