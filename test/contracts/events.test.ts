import { describe, expect, test } from 'vitest';
import { Envelope } from '../../events/envelope.ts';
import { findDeclaredEvents, kebabCase } from '../../tools/events/declared-events.ts';
import { type RecordedSchema, revisionsOf, toRecordedSchema } from '../../tools/events/revisions.ts';
import { filesOf, textOf } from '../support/source-tree.ts';

const declared = await findDeclaredEvents();
const recordedSchemas = declared.map(toRecordedSchema);
/** The samples of all revisions of an event, oldest first. */
const samplesOf = (recorded: RecordedSchema): string[] =>
  revisionsOf(recorded).flatMap((revision) => recorded.sampleFile?.(revision) ?? []);
const samples = filesOf('events/*/samples/*.json');
const envelopeIn = (file: string): Envelope => JSON.parse(textOf(file)) as Envelope;
/** Returns whether a sample is an envelope. The other samples are messages of external publishers. */
const isEnvelope = (file: string): boolean => /\.v\d+(\.r\d+)?\.json$/.test(file);

test('finds the declared events, so that the tests below check something', () => {
  expect(declared.length).toBeGreaterThanOrEqual(3);
});

describe.each(declared)('$name', ({ name, file, event }) => {
  const sampleFile = samplesOf(toRecordedSchema({ name, file, event })).at(-1) ?? '';

  test('is exported under its type, in the file and context of that name', () => {
    expect(event.type).toBe(name);
    const version = event.version === 1 ? '' : `-v${event.version}`;
    expect(file).toBe(`events/${event.source}/${kebabCase(event.type)}${version}.ts`);
  });

  test('has a sample that is a complete envelope and matches its schema', () => {
    expect(samples).toContain(sampleFile);
    const sample = Envelope.parse(envelopeIn(sampleFile));
    expect(sample).toMatchObject({ type: event.type, version: event.version, source: event.source });
    expect(event.schema.parse(sample.data)).toEqual(sample.data);
  });

  test('makes its sample from the data of the sample, including the id', () => {
    const { published_at: _, ...sample } = envelopeIn(sampleFile);
    const { time, correlation_id, causation_id, nudge } = sample;
    const made = event.make(sample.data, { time, correlation_id, causation_id, nudge });
    expect(made).toEqual(sample);
    expect(JSON.parse(JSON.stringify(made))).toEqual(sample);
    const again = event.make(sample.data, {
      time: new Date(0).toISOString(),
      correlation_id: 'x',
      causation_id: 'y',
      nudge: 'n',
    });
    expect(again.id).toBe(made.id);
    expect(again.nudge).toBe('n');
  });

  test('rejects data that does not match its schema', () => {
    const cause = { time: '2026-01-01T00:00:00Z', correlation_id: 'x', causation_id: 'y' };
    for (const data of [{}, { order_id: 'x' }]) expect(() => event.make(data, cause)).toThrow();
  });

  test('has a pattern of its source and type', () => {
    expect(event.pattern).toEqual({ source: [event.source], detailType: [event.type] });
  });
});

test('each sample belongs to a revision of a declared event', () => {
  expect(samples.filter(isEnvelope)).toEqual(recordedSchemas.flatMap(samplesOf).sort());
});

test('no two events share a type and version, and no two events share an id in their samples', () => {
  expect(new Set(declared.map(({ event }) => `${event.type}.v${event.version}`)).size).toBe(declared.length);
  const ids = recordedSchemas.map((recorded) => envelopeIn(samplesOf(recorded).at(-1) ?? '').id);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('the handlers', () => {
  const sources = filesOf('lambdas/**/*.ts').map((file) => ({ file, text: textOf(file) }));
  const consumed = new Set(
    sources.flatMap(({ text }) =>
      [...text.matchAll(/\bconsume(?:Groups\(\{\s*events:|\()\s*\[([^\]]*)\]/g)].flatMap(
        ([, names = '']) => names.match(/\w+/g) ?? [],
      ),
    ),
  );
  const producersOf = (name: string) =>
    sources.filter(({ text }) => new RegExp(`\\b${name}\\.make\\(`).test(text)).map(({ file }) => file);

  test('consume only declared events, which are made in their own context', () => {
    expect(consumed.size).toBeGreaterThanOrEqual(3);
    for (const name of consumed) {
      const event = declared.find((candidate) => candidate.name === name)?.event;
      expect(event, name).toBeDefined();
      const producers = producersOf(name);
      expect(producers, name).not.toEqual([]);
      expect(
        producers.every((file) => file.startsWith(`lambdas/${event?.source}/`)),
        `${name}: ${producers}`,
      ).toBe(true);
    }
  });

  test('consume every declared event', () => {
    expect(declared.map(({ name }) => name).filter((name) => !consumed.has(name))).toEqual([]);
  });
});
