/**
 * Returns a function for the reads of one commit. It returns whether the row has got another version since the first of
 * them. From then on, each write that was decided before this commit is refused, so a commit that finds the row as it
 * should be has nothing left to write.
 */
export function watchVersion(): (version: number | undefined) => boolean {
  let first: number | undefined;
  return (version = 0) => {
    first ??= version;
    return version > first;
  };
}
