import type { PlantedBug } from './planted-bug.ts';
import { plantedBugsByArea } from './planted-bugs.ts';
import type { Outcome } from './run-planted.ts';

/** Returns the result of a run as lines: one for each area, one for all, and one for each bug that was not caught. */
export function outcomeLines(outcomes: readonly Outcome[]): string[] {
  const rows = Object.entries(plantedBugsByArea).flatMap(([area, bugs]) => {
    const found = outcomes.filter(({ bug }) => bugs.includes(bug));
    return found.length > 0 ? [toRow(area, found)] : [];
  });
  const missed = outcomes.filter(({ result }) => result !== 'caught');
  return [
    toLine('area', 'bugs', 'caught', 'survived', 'invalid', 'seconds'),
    ...rows,
    toRow('all', outcomes),
    ...missed.map(({ bug, result, detail }) => `✗ ${result}: ${bug.name} (${bug.file}): ${detail}`),
  ];
}

function toRow(area: string, outcomes: readonly Outcome[]): string {
  const countOf = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result).length;
  const duration = outcomes.reduce((sum, { seconds }) => sum + seconds, 0);
  const counts = [countOf('caught'), countOf('survived'), countOf('invalid')];
  return toLine(area, outcomes.length, ...counts, duration.toFixed(1));
}

const toLine = (area: string, ...cells: readonly (string | number)[]): string =>
  area.padEnd(16) + cells.map((cell) => String(cell).padStart(9)).join('');

const BEGIN = '<!-- planted bugs: written by `npm run mutate -- --table` -->';
const END = '<!-- end of the planted bugs -->';

/** Returns the document with the table of all planted bugs between its two marks. */
export function withPlantedTable(document: string): string {
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the marks ${BEGIN} and ${END} are missing`);
  return `${before}${BEGIN}\n${plantedTable()}\n${END}${after}`;
}

const plantedTable = (): string =>
  Object.entries(plantedBugsByArea)
    .map(([area, bugs]) => {
      const rows = bugs.map(
        ({ name, file, consequence, caughtBy: [testFile, title] }) =>
          `| ${[name, `\`${file}\``, consequence, `${title} (\`${testFile}\`)`].map(escapeForTable).join(' | ')} |`,
      );
      return `### ${titleOf(area, bugs)}\n\n| bug | file | consequence | caught by |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
    })
    .join('\n');

const titleOf = (area: string, bugs: readonly PlantedBug[]): string => `In ${area}: ${bugs.length}`;

const escapeForTable = (text: string): string => text.replaceAll('|', '\\|');
