import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../lambdas/reports/object-store.ts';
import { Busy } from '../../lambdas/shared/runtime/errors.ts';

const MIN_PART_BYTES = 5 * 2 ** 20;

/** Tests the behaviour that every adapter of `ObjectStore` must have. */
export function objectStoreContract(name: string, createStore: () => ObjectStore | Promise<ObjectStore>): void {
  const setUp = async () => ({ store: await createStore(), key: `contract/date=2026-01-01/${randomUUID()} +&é.gz` });

  describe(`the ${name} object store`, () => {
    test('returns the bytes that were written last', async () => {
      const { store, key } = await setUp();
      await store.put(key, Buffer.from('first'));
      const bytes = randomBytes(100_000);
      await store.put(key, bytes);
      expect(Buffer.from(await store.get(key)).equals(bytes)).toBe(true);
    });

    test('writes an empty object', async () => {
      const { store, key } = await setUp();
      await store.put(key, new Uint8Array());
      expect((await store.get(key)).byteLength).toBe(0);
    });

    test('fails to return an object that does not exist', async () => {
      const { store, key } = await setUp();
      await expect(store.get(key)).rejects.toThrow(/NoSuchKey|AccessDenied/);
    });

    test('puts the parts of an upload together in the order of their numbers', async () => {
      const { store, key } = await setUp();
      const bodies = [randomBytes(MIN_PART_BYTES), randomBytes(MIN_PART_BYTES), Buffer.from('the end')];
      const upload = { key, id: await store.startUpload(key) };
      const tags: string[] = [];
      for (const number of [3, 1, 2]) {
        // A part that is uploaded again replaces the first one, and has the same tag.
        await store.uploadPart(upload, number, bodies[number - 1] ?? Buffer.of());
        tags[number - 1] = String(await store.uploadPart(upload, number, bodies[number - 1] ?? Buffer.of()));
      }
      expect(await store.completeUpload(upload, tags)).toBe(true);
      expect(Buffer.from(await store.get(key)).equals(Buffer.concat(bodies))).toBe(true);
    });

    test('says so if an upload does not exist', async () => {
      const { store, key } = await setUp();
      const upload = { key, id: 'unknown' };
      expect(await store.uploadPart(upload, 1, Buffer.from('part'))).toBeUndefined();
      expect(await store.completeUpload(upload, ['"tag"'])).toBe(false);
    });

    test('throws Busy after its deadline', async () => {
      const { store, key } = await setUp();
      const late = store.withDeadline(Date.now() - 1);
      await expect(late.put(key, Buffer.from('late'))).rejects.toBeInstanceOf(Busy);
    });
  });
}
