import { describe, expect, test } from 'vitest';
import { Envelope, type EventDefinition } from '../../events/envelope.ts';
import { filesOf, textOf, urlOf } from '../support/source-tree.ts';

interface Declared {
  readonly name: string;
  readonly file: string;
  readonly event: EventDefinition;
}

const isEvent = (value: unknown): value is EventDefinition =>
  typeof value === 'object' && value !== null && 'make' in value && 'pattern' in value && 'schema' in value;

const declared: Declared[] = (
  await Promise.all(
    filesOf('events/*/*.ts').map(async (file) => {
      const module = (await import(urlOf(file))) as Record<string, unknown>;
      return Object.entries(module).flatMap(([name, event]) => (isEvent(event) ? [{ name, file, event }] : []));
    }),
  )
).flat();

const kebab = (name: string): string => name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
const sampleOf = ({ file, event }: Declared): string =>
  `${file.split('/').slice(0, -1).join('/')}/samples/${kebab(event.type)}.v${event.version}.json`;
const samples = filesOf('events/*/samples/*.json');
const envelopeIn = (file: string): Envelope => JSON.parse(textOf(file)) as Envelope;
/** Of an outside publisher's bare message, as far as there are any. */
const isEnvelope = (file: string): boolean => /\.v\d+\.json$/.test(file);

test('there are events, or nothing below proves anything', () => {
  expect(declared.length).toBeGreaterThanOrEqual(3);
});

describe.each(declared)('$name', (one) => {
  const { name, file, event } = one;

  test('is declared under its own name, in the file and the context of that name', () => {
    expect(event.type).toBe(name);
    const version = event.version === 1 ? '' : `-v${event.version}`;
    expect(file).toBe(`events/${event.source}/${kebab(event.type)}${version}.ts`);
  });

  test('has a sample, which is a whole envelope and of its schema', () => {
    expect(samples).toContain(sampleOf(one));
    const sample = Envelope.parse(envelopeIn(sampleOf(one)));
    expect(sample).toMatchObject({ type: event.type, version: event.version, source: event.source });
    expect(event.schema.parse(sample.data)).toEqual(sample.data);
  });

  test('makes its sample again from what the sample says, its id included', () => {
    const { published_at: _, ...sample } = envelopeIn(sampleOf(one));
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

  test('is not made of what breaks its schema', () => {
    const cause = { time: '2026-01-01T00:00:00Z', correlation_id: 'x', causation_id: 'y' };
    for (const wrong of [{}, { order_id: 'x' }]) expect(() => event.make(wrong, cause)).toThrow();
  });

  test('is subscribed to by its own source and type', () => {
    expect(event.pattern).toEqual({ source: [event.source], detailType: [event.type] });
  });
});

test('each sample is of an event that is there', () => {
  expect(samples.filter(isEnvelope)).toEqual(declared.map(sampleOf).sort());
});

test('no two events share type and version, nor two samples an id', () => {
  expect(new Set(declared.map(({ event }) => `${event.type}.v${event.version}`)).size).toBe(declared.length);
  const ids = samples.filter(isEnvelope).map((file) => envelopeIn(file).id);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('in the handlers', () => {
  const sources = filesOf('lambdas/**/*.ts').map((file) => ({ file, text: textOf(file) }));
  const consumed = new Set(
    sources.flatMap(({ text }) =>
      [...text.matchAll(/\bconsume(?:Groups)?\(\s*\[([^\]]*)\]/g)].flatMap(
        ([, names = '']) => names.match(/\w+/g) ?? [],
      ),
    ),
  );
  const producersOf = (name: string) =>
    sources.filter(({ text }) => new RegExp(`\\b${name}\\.make\\(`).test(text)).map(({ file }) => file);

  test('each event that a consumer names is an event of ours, and somebody makes it, in its own context', () => {
    expect(consumed.size).toBeGreaterThanOrEqual(3);
    for (const name of consumed) {
      const event = declared.find((one) => one.name === name)?.event;
      expect(event, name).toBeDefined();
      const producers = producersOf(name);
      expect(producers, name).not.toEqual([]);
      expect(
        producers.every((file) => file.startsWith(`lambdas/${event?.source}/`)),
        `${name}: ${producers}`,
      ).toBe(true);
    }
  });

  test('each event has a consumer: what nobody needs is not written', () => {
    expect(declared.map(({ name }) => name).filter((name) => !consumed.has(name))).toEqual([]);
  });
});
