/** Returns a generator of keys under Zipf's law with the exponent 1: the n-th key has the weight 1/n. */
export function zipf(keys: readonly string[], random: () => number): () => string {
  let sum = 0;
  const sums = keys.map((_, index) => {
    sum += 1 / (index + 1);
    return sum;
  });
  return () => {
    const drawn = random() * sum;
    return keys[sums.findIndex((upTo) => drawn < upTo)] ?? '';
  };
}
