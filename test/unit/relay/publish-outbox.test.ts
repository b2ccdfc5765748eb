import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { publishOutbox } from '../../../lambdas/relay/publish-outbox.ts';
import { createOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import { createSteppingClock, greeted, noChaos, noon } from '../../support/fixtures.ts';

/** A stream record with an image in the format of DynamoDB, as Lambda receives it. */
const streamRecord = (row: object) =>
  ({ eventName: 'INSERT', dynamodb: { NewImage: marshall(row) } }) as unknown as DynamoDBRecord;
const outboxRow = (...events: Envelope[]) => {
  const write = createOutboxRecord({ aggregate: 'P', events }, noon, false);
  return write.op === 'put' ? write.row : {};
};

test('the relay publishes the events of a stream batch in order, also behind a record that cannot be read', async () => {
  const published: string[] = [];
  const ports = {
    bus: async (events: readonly Envelope[]) => {
      published.push(...events.map(({ id }) => id));
      return events.map(() => undefined);
    },
    park: async () => expect.fail('an event was parked'),
    clock: createSteppingClock(),
    chaos: noChaos,
  };
  const Records = [
    streamRecord(outboxRow(greeted('a'), greeted('b'))),
    streamRecord({ pk: 'P', sk: 'OUTBOX#by-hand', events: 'not JSON' }),
    streamRecord(outboxRow(greeted('c'))),
  ];
  await publishOutbox({ Records }, ports, 30_000);
  expect(published).toEqual(['Greeted:a', 'Greeted:b', 'Greeted:c']);
});
