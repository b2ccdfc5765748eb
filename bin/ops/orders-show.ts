import { askOrder } from './api-door.ts';
import { command } from './command.ts';
import { columns } from './print.ts';

export default command({
  takes: { usage: '<order id>', min: 1, max: 1 },
  options: {},
  about: 'As its customer would see it, by GET /orders/{id}.',
  examples: ['orders show 2fbqq5v4mxz3hsd7k6yaw4tcni'],
  run: async ({ positionals: [id = ''], target, print }) => {
    const order = await askOrder<Record<string, unknown>>(target, id, '');
    print.either(order, () => orderInWords(order));
    return undefined;
  },
});

export const orderInWords = (order: Readonly<Record<string, unknown>>): string =>
  columns(
    Object.entries(order).map(([name, value]) => [
      name.replaceAll('_', ' '),
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  ).join('\n');
