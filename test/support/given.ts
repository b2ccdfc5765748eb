import { expect } from 'vitest';

/** A pure transition, told as it is read: given a state, when an event comes, then what it gives. */
export const given =
  <S, E, N>(transition: (state: S, event: E) => N) =>
  (state: S) => ({
    when: (event: E) => ({
      gives: (next: NoInfer<N>) => expect(transition(state, event)).toEqual(next),
      changesNothing: () => expect(transition(state, event)).toBeUndefined(),
    }),
  });
