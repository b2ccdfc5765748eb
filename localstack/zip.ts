import { zipSync } from 'fflate';

// As local time, because archives store local time. In UTC it would be in 1979 west of Greenwich, which zip cannot
// store.
const MTIME = new Date(1980, 0, 1);
// Made by Unix (3), so that the mode -rw-r--r-- in the upper half of the attributes applies.
const MODE = { os: 3, attrs: 0o100644 << 16 };

/** Returns a zip archive for Lambda. The same files give the same bytes, at any time and in any time zone. */
export function zip(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return zipSync({ ...files }, { mtime: MTIME, ...MODE });
}
