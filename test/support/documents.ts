import sample from '../../events/documents/samples/test_order.json' with { type: 'json' };

/** Returns the text of the sample document with changed fields. `undefined` removes a field. */
export const textWith = (change: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ ...sample, ...change });

export const uid = sample.order_uid;
export { sample };
