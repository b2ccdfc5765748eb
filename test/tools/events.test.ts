import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SourceCopy } from '../support/source-copy.ts';

let copy: SourceCopy;
beforeEach(() => {
  copy = new SourceCopy();
});
afterEach(() => copy.remove());

const recordEvents = () => copy.node('tools/events/record.ts');
const runContractTests = () =>
  copy.node('node_modules/vitest/vitest.mjs', 'run', 'test/contracts/event', '--reporter=dot');
const schema = 'events/payments/payment-declined.ts';
const sample = 'events/payments/samples/payment-declined.v1.r2.json';

describe('npm run events', () => {
  test('records a new optional field once a sample has it', async () => {
    copy.edit(schema, (text) => text.replace('amount: Amount,', 'amount: Amount, note: z.optional(z.string()),'));
    await expect(runContractTests()).rejects.toThrow('has new optional fields that are not recorded: note.');
    await expect(recordEvents()).rejects.toThrow(`${sample} lacks note.`);
    copy.edit(sample, (text) => text.replace('"data": {', '"data": { "note": "closed account",'));
    expect((await recordEvents()).stdout).toBe(`events/payments/schemas/payment-declined.v1.r2.json\n${sample}\n`);
    expect((await runContractTests()).stdout).toMatch(/Tests {2}\d+ passed/);
    expect((await recordEvents()).stdout).toBe('All schemas of events are recorded.\n');
  });

  test('refuses any other change of a recorded event, and writes nothing', async () => {
    copy.edit(schema, (text) => text.replace('amount: Amount', 'total: Amount'));
    await expect(recordEvents()).rejects.toThrow(/amount is missing; total is required.*payment-declined-v2\.ts/s);
    copy.edit(schema, (text) => text.replace('total: Amount', 'amount: Amount'));
    expect(await copy.differences()).toBe('');
  });
});
