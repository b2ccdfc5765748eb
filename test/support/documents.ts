import sample from '../../events/documents/samples/test_order.json' with { type: 'json' };

/** The sample document with changes, as the text that is sent. `undefined` leaves a field out. */
export const textWith = (change: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ ...sample, ...change });

export const uid = sample.order_uid;
export { sample };
