import type { Clock } from '../shared/runtime/clock.ts';
import { Busy } from '../shared/runtime/errors.ts';
import type { ObjectStore, SignLink, Upload } from './object-store.ts';
import { type Bucket, presign, S3Error, type S3Request, sendToS3 } from './s3-request.ts';

/** A file is compressed as a whole, so it is not declared as encoded: a browser saves it as it is. */
const FILE_TYPE = 'application/gzip';

/** Creates the S3 adapter. The bucket encrypts each object by its default. */
export function createS3ObjectStore(bucket: Bucket, clock: Clock, deadlineMs = Number.POSITIVE_INFINITY): ObjectStore {
  const send = (request: S3Request): Promise<Response> => sendToS3(bucket, request, { clock, deadlineMs });
  return {
    withDeadline: (sooner) => createS3ObjectStore(bucket, clock, sooner),
    put: async (key, body) => void (await send({ method: 'PUT', key, body, headers: { 'content-type': FILE_TYPE } })),
    get: async (key) => readBody(await send({ method: 'GET', key })),
    startUpload: async (key) => {
      const headers = { 'content-type': FILE_TYPE };
      const response = await send({ method: 'POST', key, query: { uploads: '' }, headers });
      return requiredTag(await response.text(), 'UploadId');
    },
    uploadPart: ({ key, id }, number, body) =>
      ifUploadExists(async () => {
        const query = { partNumber: String(number), uploadId: id };
        const response = await send({ method: 'PUT', key, query, body });
        const tag = response.headers.get('etag');
        if (!tag) throw new Error(`S3 returned no tag for part ${number} of ${key}`);
        return tag;
      }),
    completeUpload: async (upload, tags) => (await ifUploadExists(() => complete(send, upload, tags))) ?? false,
  };
}

/** Returns nothing if S3 knows no such upload. */
async function ifUploadExists<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof S3Error && error.code === 'NoSuchUpload') return undefined;
    throw error;
  }
}

async function complete(
  send: (request: S3Request) => Promise<Response>,
  { key, id }: Upload,
  tags: readonly string[],
): Promise<true> {
  const parts = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
  const request = { method: 'POST', key, query: { uploadId: id }, body } as const;
  const text = await (await send(request)).text();
  // S3 sends the status before it has put the parts together, so an error may follow a status of 200.
  if (text.includes('<Error>')) throw new S3Error(200, text, request);
  return true;
}

async function readBody(response: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new Busy(`S3 has ended a response: ${(error as Error).message}`, { cause: error });
  }
}

function requiredTag(xml: string, name: string): string {
  const value = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
  if (!value) throw new Error(`S3 returned no ${name}`);
  return value;
}

export const createLinkSigner =
  (bucket: Bucket): SignLink =>
  (key, fileName, expiresInSeconds) =>
    presign(bucket, key, fileName, expiresInSeconds);
