import { getOrder } from './api-client.ts';
import { defineCommand } from './command.ts';
import { columns } from './print.ts';

export default defineCommand({
  positionals: { usage: '<order id>', min: 1, max: 1 },
  details: 'The data comes from GET /orders/{id}, so it is what the customer sees.',
  examples: ['orders show 2fbqq5v4mxz3hsd7k6yaw4tcni'],
  run: async ({ positionals: [id = ''], target, print }) => {
    const order = await getOrder<Record<string, unknown>>(target, id);
    print.result(order, () => formatOrder(order));
  },
});

export const formatOrder = (order: Readonly<Record<string, unknown>>): string =>
  columns(
    Object.entries(order).map(([name, value]) => [
      name.replaceAll('_', ' '),
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  ).join('\n');
