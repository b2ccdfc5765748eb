/** The bucket of reports, as the worker uses it. Two adapters implement it, and one contract suite tests both. */
export interface ObjectStore {
  /** Writes an object, or replaces it. Nobody sees a part of it. */
  put(key: string, body: Uint8Array): Promise<void>;
  get(key: string): Promise<Uint8Array>;
  /** Starts a file that is uploaded in parts, and returns the id of the upload. The file exists when it is complete. */
  startUpload(key: string): Promise<string>;
  /**
   * Writes one part, counted from 1, or replaces it. Each part but the last has at least 5 MB. Returns its tag, or
   * nothing if there is no such upload: it was completed or removed before, and which of both is not known.
   */
  uploadPart(upload: Upload, number: number, body: Uint8Array): Promise<string | undefined>;
  /** Completes a file by the tags of its parts. Returns false if there is no such upload, as for a part. */
  completeUpload(upload: Upload, tags: readonly string[]): Promise<boolean>;
  /** Returns the same bucket with calls that end by the deadline, in ms since the epoch: they then throw `Busy`. */
  withDeadline(deadlineMs: number): ObjectStore;
}

export interface Upload {
  readonly key: string;
  readonly id: string;
}

/** Signs links by which anybody can download a file for a short time. */
export type SignLink = (key: string, fileName: string, expiresInSeconds: number) => Promise<string>;
