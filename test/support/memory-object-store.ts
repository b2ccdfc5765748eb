import { createHash } from 'node:crypto';
import type { ObjectStore } from '../../lambdas/reports/object-store.ts';
import { Busy } from '../../lambdas/shared/runtime/errors.ts';

export interface MemoryObjectStore extends ObjectStore {
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** Removes all uploads that are not complete, as the lifecycle of the bucket does. */
  removeUploads(): void;
}

interface Options {
  readonly now?: () => number;
  /** The minimum size of the parts of an upload but the last, 5 MB as in S3. */
  readonly minPartBytes?: number;
}

interface MemoryUpload {
  readonly key: string;
  readonly parts: Map<number, Uint8Array>;
}

const tagOf = (body: Uint8Array): string => `"${createHash('md5').update(body).digest('hex')}"`;

/** A bucket in memory, with the rules of S3 for uploads in parts. */
export function createMemoryObjectStore(options: Options = {}): MemoryObjectStore {
  const { now = Date.now, minPartBytes = 5 * 2 ** 20 } = options;
  const objects = new Map<string, Uint8Array>();
  const uploads = new Map<string, MemoryUpload>();
  let started = 0;

  const uploadOf = (key: string, id: string): MemoryUpload | undefined => {
    const upload = uploads.get(id);
    return upload?.key === key ? upload : undefined;
  };
  const complete = ({ key, parts }: MemoryUpload, tags: readonly string[]): void => {
    const bodies = tags.map((tag, index) => {
      const body = parts.get(index + 1);
      if (!body || tagOf(body) !== tag) throw new Error(`InvalidPart: ${index + 1}`);
      if (body.byteLength < minPartBytes && index < tags.length - 1) throw new Error(`EntityTooSmall: ${index + 1}`);
      return body;
    });
    objects.set(key, Buffer.concat(bodies));
  };
  const bucketUntil = (deadlineMs: number): ObjectStore => {
    const inTime = async <T>(call: () => T): Promise<T> => {
      if (now() >= deadlineMs) throw new Busy('no time is left');
      return call();
    };
    return {
      withDeadline: bucketUntil,
      put: (key, body) => inTime(() => void objects.set(key, Uint8Array.from(body))),
      get: (key) =>
        inTime(() => {
          const body = objects.get(key);
          if (!body) throw new Error(`NoSuchKey: ${key}`);
          return body;
        }),
      startUpload: (key) =>
        inTime(() => {
          started += 1;
          uploads.set(`upload-${started}`, { key, parts: new Map() });
          return `upload-${started}`;
        }),
      uploadPart: ({ key, id }, number, body) =>
        inTime(() => {
          const upload = uploadOf(key, id);
          if (!upload) return undefined;
          upload.parts.set(number, Uint8Array.from(body));
          return tagOf(body);
        }),
      completeUpload: ({ key, id }, tags) =>
        inTime(() => {
          const upload = uploadOf(key, id);
          if (!upload) return false;
          complete(upload, tags);
          uploads.delete(id);
          return true;
        }),
    };
  };
  return { objects, removeUploads: () => uploads.clear(), ...bucketUntil(Number.POSITIVE_INFINITY) };
}
