import { expect, test } from 'vitest';
import { toSqsText } from '../../../../lambdas/shared/messaging/sqs-queue.ts';

test.each([
  ['plain words', 'Poison: not JSON', 'Poison: not JSON'],
  ['any script, and lines', 'é漢😀\t\r\n', 'é漢😀\t\r\n'],
  ['a control character, which SQS refuses', 'type \u0000\u001b[31m', 'type \uFFFD\uFFFD[31m'],
  ['half of a surrogate pair', 'x\ud800', 'x\uFFFD'],
  ['nothing, which SQS refuses too', '', '-'],
  ['a number', 5, '5'],
])('a dead letter says %s', (_, given, said) => {
  expect(toSqsText(given)).toBe(said);
});

test('a reason is cut before it outweighs its message, and never through the middle of a letter', () => {
  expect(toSqsText(`${'x'.repeat(3999)}😀`)).toBe(`${'x'.repeat(3999)}\uFFFD`);
});
