import { expect } from 'vitest';

/** Tests a pure transition: given a state, when an event arrives, it gives the next state or changes nothing. */
export const given =
  <S, E, N>(transition: (state: S, event: E) => N) =>
  (state: S) => ({
    when: (event: E) => ({
      gives: (next: NoInfer<N>) => expect(transition(state, event)).toEqual(next),
      changesNothing: () => expect(transition(state, event)).toBeUndefined(),
    }),
  });
