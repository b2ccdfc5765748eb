import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { rotateSecret } from '../../../../lambdas/shared/runtime/rotate-secret.ts';
import { createSecretReader } from '../../../../lambdas/shared/runtime/rotating-secret.ts';
import { AwsError, type AwsRequest, FakeAws } from '../../../support/fake-aws.ts';

const aws = new FakeAws().install();
const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:keys-abc123';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const createdMs = Date.parse('2026-01-01T00:00:00Z');

interface Version {
  readonly id: string;
  readonly text: string;
  readonly createdMs: number;
}
/** The versions of the secret, the newest first. Secrets Manager labels the first two of them. */
let versions: Version[];
let nowMs: number;

function respond({ target, body }: AwsRequest): unknown {
  expect(body['SecretId']).toBe(ARN);
  if (target.endsWith('PutSecretValue')) {
    const id = String(body['ClientRequestToken']);
    const existing = versions.find((version) => version.id === id);
    if (existing && existing.text !== body['SecretString']) return new AwsError('ResourceExistsException');
    if (!existing) versions.unshift({ id, text: String(body['SecretString']), createdMs: nowMs });
    return {};
  }
  if (target.endsWith('ListSecretVersionIds')) return listVersions(String(body['NextToken'] ?? ''));
  const version = versions[body['VersionStage'] === 'AWSPREVIOUS' ? 1 : 0];
  if (!version) return new AwsError('ResourceNotFoundException');
  return { SecretString: version.text, VersionId: version.id, CreatedDate: version.createdMs / 1000 };
}

/** Returns one version in each page, sorted by id as on one of the engines, and also those without a label. */
function listVersions(after: string): unknown {
  const [version, next] = versions.toSorted((a, b) => (a.id < b.id ? -1 : 1)).filter(({ id }) => id > after);
  if (!version) return { Versions: [] };
  const label = ['AWSCURRENT', 'AWSPREVIOUS'][versions.indexOf(version)];
  const { id, createdMs: created } = version;
  const listed = { VersionId: id, CreatedDate: created / 1000, ...(label ? { VersionStages: [label] } : {}) };
  return { Versions: [listed], ...(next ? { NextToken: id } : {}) };
}

beforeEach(() => {
  versions = [{ id: 'first', text: 'key-1', createdMs }];
  nowMs = createdMs;
  aws.respond = respond;
});

describe('a secret', () => {
  const createReader = () => createSecretReader(ARN, 300, new SecretsManagerClient({ maxAttempts: 1 }));

  test('has one valid version before its first rotation, and two after it, the current one first', async () => {
    expect(await createReader()()).toEqual(['key-1']);
    versions.unshift({ id: 'second', text: 'key-2', createdMs });
    expect(await createReader()()).toEqual(['key-2', 'key-1']);
  });

  test('is read once in that time, also while it has no previous version', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: createdMs });
    try {
      const read = createReader();
      for (let count = 0; count < 10; count++) expect(await read()).toEqual(['key-1']);
      expect(aws.requests).toHaveLength(2);
      versions.unshift({ id: 'second', text: 'key-2', createdMs });
      vi.setSystemTime(createdMs + 299_000);
      expect(await read()).toEqual(['key-1']);
      vi.setSystemTime(createdMs + 301_000);
      expect(await read()).toEqual(['key-2', 'key-1']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('has no gap if it is rotated between the two reads', async () => {
    aws.respond = (request) => {
      const response = respond(request);
      if (versions.length === 1) versions.unshift({ id: 'second', text: 'key-2', createdMs });
      return response;
    };
    expect(await createReader()()).toEqual(['key-1']);
  });

  test('that cannot be read is an error, and is read again by the next call', async () => {
    aws.respond = () => new AwsError('AccessDeniedException');
    const read = createReader();
    await expect(read()).rejects.toThrow();
    aws.respond = respond;
    expect(await read()).toEqual(['key-1']);
  });
});

describe('a rotation', () => {
  const rotate = (atMs: number) => {
    nowMs = atMs;
    const client = new SecretsManagerClient({ maxAttempts: 1 });
    return rotateSecret(client, { secretArn: ARN, afterMs: 90 * DAY_MS }, atMs);
  };
  const textsOf = () => versions.map(({ text }) => text);

  test('writes a new version once the current one is 90 days old, and keeps that one as the previous', async () => {
    expect(await rotate(createdMs + 90 * DAY_MS - 1)).toBe(false);
    expect(textsOf()).toEqual(['key-1']);
    expect(await rotate(createdMs + 90 * DAY_MS)).toBe(true);
    expect(textsOf()).toEqual([expect.stringMatching(/^[\w-]{64}$/), 'key-1']);
  });

  test('that is repeated does not push the previous version out', async () => {
    await rotate(createdMs + 91 * DAY_MS);
    const after = textsOf();
    for (const hours of [0, 1, 2]) await rotate(createdMs + 91 * DAY_MS + hours * HOUR_MS);
    expect(textsOf()).toEqual(after);
  });

  test('is reported for an hour, also if it was done by hand, and the first version is not', async () => {
    expect(await rotate(createdMs + 1000)).toBe(false);
    expect(await rotate(createdMs + 91 * DAY_MS)).toBe(true);
    expect(await rotate(createdMs + 91 * DAY_MS + HOUR_MS / 2)).toBe(true);
    expect(await rotate(createdMs + 91 * DAY_MS + HOUR_MS)).toBe(false);
    versions.unshift({ id: 'by hand', text: 'key-3', createdMs: createdMs + 100 * DAY_MS });
    expect(await rotate(createdMs + 100 * DAY_MS + HOUR_MS / 2)).toBe(true);
    expect(versions).toHaveLength(3);
  });

  test('reads no value of a secret', async () => {
    await rotate(createdMs + 91 * DAY_MS);
    const operations = aws.requests.map(({ target }) => target.split('.').at(-1));
    expect(operations).toEqual(['ListSecretVersionIds', 'PutSecretValue']);
  });

  test('fails a day after it was due if AWSCURRENT was moved back, because the next version exists', async () => {
    await rotate(createdMs + 90 * DAY_MS);
    versions.reverse();
    const after = textsOf();
    expect(await rotate(createdMs + 90 * DAY_MS + HOUR_MS)).toBe(false);
    await expect(rotate(createdMs + 91 * DAY_MS)).rejects.toThrow(
      /current version first is 91 days old and has a successor, so the label AWSCURRENT was moved back/,
    );
    expect(textsOf()).toEqual(after);
  });

  test('that runs twice at the same time writes one version', async () => {
    const results = await Promise.all([rotate(createdMs + 91 * DAY_MS), rotate(createdMs + 91 * DAY_MS)]);
    expect(results.toSorted()).toEqual([false, true]);
    expect(versions).toHaveLength(2);
    expect(textsOf()[1]).toBe('key-1');
  });

  test('whose response was lost is not repeated with another value', async () => {
    const whole = respond;
    aws.respond = (request) => {
      const response = whole(request);
      return request.target.endsWith('PutSecretValue') ? new AwsError('InternalServiceError', {}, 500) : response;
    };
    await expect(rotate(createdMs + 91 * DAY_MS)).rejects.toThrow();
    const after = textsOf();
    aws.respond = whole;
    expect(await rotate(createdMs + 91 * DAY_MS)).toBe(true);
    expect(textsOf()).toEqual(after);
  });

  test('uses another id for each version, of a length that Secrets Manager accepts', async () => {
    await rotate(createdMs + 91 * DAY_MS);
    await rotate(createdMs + 182 * DAY_MS);
    const ids = versions.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids.slice(0, 2)) expect(id.length).toBe(64);
  });
});
