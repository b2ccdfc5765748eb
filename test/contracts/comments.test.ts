import { expect, test } from 'vitest';
import { filesOf, textOf } from '../support/source-tree.ts';

const MAX_LENGTH = 120;
const folders = ['bin', 'events', 'lambdas', 'lib', 'localstack', 'test', 'tools'];

test('no line of a comment is longer than 120 characters, since the formatter wraps only code', () => {
  const files = filesOf('*.ts', ...folders.map((folder) => `${folder}/**/*.ts`));
  expect(files.length).toBeGreaterThan(400);
  const isTooLong = (line: string) => line.length > MAX_LENGTH && /^\s*(\/\/|\/?\*)/.test(line);
  const tooLong = files.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, index) => (isTooLong(line) ? [`${file}:${index + 1}`] : [])),
  );
  expect(tooLong).toEqual([]);
});
