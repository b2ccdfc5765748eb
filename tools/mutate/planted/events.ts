import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in events: each of them would make a consumer ignore a fact, or accept a wrong one. */
export const plantedInEvents: readonly PlantedBug[] = [
  ...bugsIn('events/tickets/stock-changed.ts', [
    {
      name: 'StockChanged without its version',
      find: '`${stock.sku}:${stock.version}`',
      replace: 'stock.sku',
      consequence: 'Only the first change of a product is published; all others count as published before.',
      caughtBy: ['test/contracts/events.test.ts', 'makes its sample from the data of the sample, including the id'],
    },
  ]),
  ...bugsIn('events/catalog/product-changed.ts', [
    {
      name: 'ProductChanged without its version',
      find: '`${product.sku}:${product.version}`',
      replace: 'product.sku',
      consequence: 'The second change of a product cannot be published.',
      caughtBy: ['test/contracts/events.test.ts', 'makes its sample from the data of the sample, including the id'],
    },
  ]),
  ...bugsIn('events/documents/order-found.ts', [
    {
      name: 'OrderFound without its request',
      find: '`${order_uid}:${hash}:${in_reply_to}`',
      replace: '`${order_uid}:${hash}`',
      consequence: 'Only the first lookup of a document is answered.',
      caughtBy: ['test/contracts/events.test.ts', 'makes its sample from the data of the sample, including the id'],
    },
  ]),
  ...bugsIn('events/money.ts', [
    {
      name: 'amount of zero',
      find: 'export const Amount = z.int().check(z.gte(1),',
      replace: 'export const Amount = z.int().check(z.gte(0),',
      consequence: 'An order for nothing is placed.',
      caughtBy: ['test/unit/catalog/products.test.ts', 'is rejected with all errors, and nothing is written'],
    },
    {
      name: 'amount with fractions',
      find: 'export const Amount = z.int()',
      replace: 'export const Amount = z.number()',
      consequence: 'Sums of money are rounded.',
      caughtBy: ['test/unit/catalog/products.test.ts', 'is rejected with all errors, and nothing is written'],
    },
  ]),
  ...bugsIn('events/items.ts', [
    {
      name: 'two tickets for one seat',
      find: 'seat === undefined || quantity === 1',
      replace: 'seat === undefined || quantity >= 1',
      consequence: 'An order claims two items and gets one seat.',
      caughtBy: [
        'test/unit/tickets/ticket.test.ts',
        'items reject a seat named twice and a quantity above 1 for a seat',
      ],
    },
    {
      name: 'seat named twice',
      find: '.size === seatKeysOf(',
      replace: '.size <= seatKeysOf(',
      consequence: 'An order writes one seat twice in a transaction, which DynamoDB refuses.',
      caughtBy: [
        'test/unit/tickets/ticket.test.ts',
        'items reject a seat named twice and a quantity above 1 for a seat',
      ],
    },
  ]),
  ...bugsIn('events/envelope.ts', [
    {
      name: 'nudge is not part of the envelope',
      find: '...(nudge === undefined ? {} : { nudge }),',
      replace: '',
      consequence: 'A lost event is never published again.',
      caughtBy: ['test/contracts/events.test.ts', 'makes its sample from the data of the sample, including the id'],
    },
    {
      name: 'event is not checked when it is made',
      find: 'data: schema.parse(data),',
      replace: 'data,',
      consequence: 'An event that breaks its schema is written, and every consumer dead-letters it.',
      caughtBy: ['test/contracts/events.test.ts', 'rejects data that does not match its schema'],
    },
    {
      name: 'event of every source',
      find: 'detailType: [type] },',
      replace: 'detailType: [type.slice(0, 1)] },',
      consequence: 'No rule matches the events, so no consumer receives them.',
      caughtBy: ['test/contracts/events.test.ts', 'has a pattern of its source and type'],
    },
  ]),
];
