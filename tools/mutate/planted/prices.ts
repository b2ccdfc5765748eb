import { bugsIn, type PlantedBug } from '../planted-bug.ts';

const domain = 'test/unit/catalog/price-rules.test.ts';
const quotes = 'test/unit/catalog/quotes.test.ts';
const ruleSets = 'test/unit/catalog/rule-set.test.ts';
const cartDomain = 'test/unit/catalog/cart.test.ts';
const carts = 'test/unit/catalog/carts.test.ts';
const checkout = 'test/unit/orders/checkout.test.ts';
const shownPrices = 'test/unit/catalog/shown-prices.test.ts';
const simulation = 'test/simulation/prices.test.ts';
const catalogWrites = 'test/unit/catalog/written-conditions.test.ts';
const QUOTE_WRITES = 'a quote is created only if it is absent, and expires, and is then replaced under its version';
const orderWrites = 'test/unit/orders/written-conditions.test.ts';

/** Bugs in price rules, quotes and carts: each of them would charge a wrong price, or charge it twice. */
export const plantedInPrices: readonly PlantedBug[] = [
  ...bugsIn('lambdas/catalog/price-rules.ts', [
    {
      name: 'percentage rounded down',
      find: '(2n * dividend + divisor) / (2n * divisor)',
      replace: 'dividend / divisor',
      consequence: 'Half of the discounts are a minor unit too high.',
      caughtBy: [domain, 'of half the price rounds a half up'],
    },
    {
      name: 'percentage as a float',
      find: 'return dividedHalfUp(price * (WHOLE + BigInt(effect.basis_points)), WHOLE);',
      replace: 'return BigInt(Math.round((Number(price) / 10_000) * (10_000 + effect.basis_points)));',
      consequence: 'High prices are wrong by a few minor units.',
      caughtBy: [domain, 'is exact where a float would not be'],
    },
    {
      name: 'price below zero',
      find: 'return after < 0n ? 0n : after;',
      replace: 'return after;',
      consequence: 'One line pays for another.',
      caughtBy: [domain, 'never leads below zero'],
    },
    {
      name: 'price is cut between two rules',
      find: 'price = after;',
      replace: 'price = BigInt(toAmount(after));',
      consequence: 'A price that is too high is charged as another price, and not rejected.',
      caughtBy: [domain, 'combine is exact if the price is above the maximum between two rules'],
    },
    {
      name: 'first match applies all rules',
      find: "mode === 'first_match' ? matching.slice(0, 1) : matching",
      replace: 'matching',
      consequence: 'Discounts that exclude each other are added.',
      caughtBy: [domain, 'first_match applies the first rule whose conditions hold, and no other'],
    },
    {
      name: 'quantity of one line only',
      find: 'const quantity = quantityOf(item.sku);',
      replace: 'const { quantity } = item;',
      consequence: 'Nobody gets the discount for several seats, since each seat is a line.',
      caughtBy: [domain, 'for a quantity counts all lines of the product, so that seats are counted together'],
    },
    {
      name: 'window includes its end',
      find: 'now < Date.parse(time.until)',
      replace: 'now <= Date.parse(time.until)',
      consequence: 'Two prices that follow each other are both valid at one moment.',
      caughtBy: [domain, 'for a time applies from its start and before its end'],
    },
    {
      name: 'tag is not checked',
      find: '(customer_tag === undefined || tags.includes(customer_tag))',
      replace: 'true',
      consequence: 'Everybody gets the price of the staff.',
      caughtBy: [domain, 'for a tag applies to customers who have it'],
    },
    {
      name: 'order for nothing',
      find: "if (total < 1) return 'zero';",
      replace: '',
      consequence: 'An order of 0 is placed, which breaks the schema of its event.',
      caughtBy: [quotes, 'with 422, and stores no quote'],
    },
  ]),
  ...bugsIn('lambdas/catalog/rules-store.ts', [
    {
      name: 'rules without their version',
      find: 'when: versionIs(rowVersion),',
      replace: 'when: undefined as never,',
      consequence: 'Two concurrent changes get the same version, and one of them is not in the history.',
      caughtBy: [catalogWrites, 'rules are valid under their version, and each version is written once'],
    },
    {
      name: 'version of the rules is overwritten',
      find: '...next }, when: absent };\n    const cause',
      replace: '...next } };\n    const cause',
      consequence: 'A version that orders refer to is replaced by another.',
      caughtBy: [catalogWrites, 'rules are valid under their version, and each version is written once'],
    },
    {
      name: 'rules of another admin are overwritten',
      find: 'if (replaces !== undefined && replaces !== version)',
      replace: 'if (replaces !== undefined && replaces > version)',
      consequence: 'The change of one admin removes that of another unknowingly.',
      caughtBy: [ruleSets, 'that replaces another version than the valid one is rejected, unless it is valid already'],
    },
  ]),
  ...bugsIn('lambdas/catalog/rules-store.ts', [
    {
      name: 'rules are not announced',
      find: 'publishChange(work, rulesCache, { key: VALID_RULES, version, readAtMs: work.clock.now() }, work.deadlineMs)',
      replace: 'Promise.resolve(void [work, rulesCache, VALID_RULES, version, publishChange])',
      consequence: 'Carts show prices of earlier rules for five minutes.',
      caughtBy: [shownPrices, 'follows rules at once where they were put, and a second after their event elsewhere'],
    },
  ]),
  ...bugsIn('lambdas/catalog/rules-row.ts', [
    {
      name: 'rules of a later release cannot be replaced',
      find: 'return known ? { ...version, set: known } : { ...version, errors };',
      replace: 'return { ...version, set: known ?? RuleSetSchema.parse(set) };',
      consequence:
        'After the deployment of an older release, no command can make earlier rules valid, and no item is sold.',
      caughtBy: [ruleSets, 'can be replaced by those of an earlier version, under the version that is shown'],
    },
  ]),
  ...bugsIn('lambdas/catalog/price-rows.ts', [
    {
      name: 'price of two moments',
      find: 'if (read.changedMs < startMs - RECENT_MS) return read.rows;',
      replace: 'if (read.changedMs < startMs + RECENT_MS) return read.rows;',
      consequence: 'While a product and the rules change, an order pays a price that was never valid.',
      caughtBy: [simulation, 'has a price that was valid at one time'],
    },
    {
      name: 'second read is not compared',
      find: 'if (next.versions === read.versions)',
      replace: 'if (next.versions !== undefined)',
      consequence: 'The second read may be of two moments as well.',
      caughtBy: [simulation, 'has a price that was valid at one time'],
    },
    {
      name: 'price is always read twice',
      find: 'if (read.changedMs < startMs - RECENT_MS) return read.rows;',
      replace: '',
      consequence: 'Each order with items takes twice the read units.',
      caughtBy: [simulation, 'a price is read once if nothing was changed for a minute'],
    },
  ]),
  ...bugsIn('lambdas/catalog/version-watch.ts', [
    {
      name: 'confirmation is written at each attempt',
      find: 'return version > first;',
      replace: 'return version < first;',
      consequence: 'A request that changes nothing gets a 503 if the response to its write is lost.',
      caughtBy: ['test/unit/catalog/lost-responses.test.ts', 'is written once and confirmed, although no write'],
    },
  ]),
  ...bugsIn('lambdas/catalog/rules-store.ts', [
    {
      name: 'rules that stay as they are are not written',
      find: 'writes: isWritten ? [] : [update({ rules_version: version })]',
      replace: 'writes: isWritten || update ? [] : []',
      consequence: 'Rules that were taken back become valid again when the late write of their request arrives.',
      caughtBy: [simulation, 'does not return if it was one of'],
    },
    {
      name: 'version of the row as that of the rules',
      find: 'update({ rules_version: version })',
      replace: 'update({})',
      consequence: 'Orders name a version of the rules that is not in the history.',
      caughtBy: [ruleSets, 'that equals the valid one keeps its version'],
    },
  ]),
  ...bugsIn('lambdas/catalog/shown-prices.ts', [
    {
      name: 'shown price for everybody without tags',
      find: 'userId !== undefined && set.rules',
      replace: 'userId === undefined && set.rules',
      consequence: 'A cart shows another price than its order is charged.',
      caughtBy: [shownPrices, 'reads the tags of a customer only if a rule asks for one, and then each time'],
    },
  ]),
  ...bugsIn('lambdas/catalog/quote.ts', [
    {
      name: 'expired quote is honoured',
      find: 'if (decidedMs >= stored.validUntilMs)',
      replace: 'if (decidedMs > stored.validUntilMs)',
      consequence: 'An order pays a price at a time at which it is no longer guaranteed.',
      caughtBy: [quotes, 'is rejected from the time at which the quote expires'],
    },
    {
      name: 'expiry checked before the read',
      find: 'const row = await reader.get(quoteKey(id));',
      replace: 'const readMs = now();\n  now = () => readMs;\n  const row = await reader.get(quoteKey(id));',
      consequence: 'A slow read extends a quote.',
      caughtBy: [quotes, 'is rejected if the quote expires while it is read'],
    },
    {
      name: 'quote is known until TTL deletes it',
      find: 'row && !isExpired(row, now()) ? parseQuote(row) : undefined',
      replace: 'row ? parseQuote(row) : undefined',
      consequence: 'A late order gets one response or another, depending on when TTL deletes a row.',
      caughtBy: [quotes, 'is unknown after a day, whether or not TTL has deleted its row'],
    },
    {
      name: 'quote of another user',
      find: '(stored.user_id !== undefined && stored.user_id !== request.user_id)',
      replace: 'false',
      consequence: 'A customer gives the discount of a tag to everybody.',
      caughtBy: [quotes, 'is rejected if the quote was given to another user, as if there were none'],
    },
    {
      name: 'quote for fewer items',
      find: 'lines.length === items.length && remaining.length === 0',
      replace: 'remaining.length === 0',
      consequence: 'Items that are not in the quote are free.',
      caughtBy: [quotes, 'is rejected for other items'],
    },
  ]),
  ...bugsIn('lambdas/catalog/quote-store.ts', [
    {
      name: 'refused quote that exists',
      find: 'if (created && !isExpired(created, now()))',
      replace: 'if (created && isExpired(created, now()))',
      consequence: 'Of two attempts of one request, one gets a quote and the other one is refused.',
      caughtBy: [quotes, 'returns one quote to two attempts of a request'],
    },
    {
      name: 'quote without absent',
      find: "{ op: 'put', row: next, when, decides: true }",
      replace: "{ op: 'put', row: next }",
      consequence: 'A repeated request changes the price that the first response has guaranteed.',
      caughtBy: [catalogWrites, QUOTE_WRITES],
    },
    {
      name: 'expired row of a quote is replaced without its version',
      find: 'row ? versionIs(versionOf(row)) : absent',
      replace: 'row ? (undefined as never) : absent',
      consequence: 'Two requests under one key guarantee two prices, and one of them is not kept.',
      caughtBy: [catalogWrites, QUOTE_WRITES],
    },
  ]),
  ...bugsIn('lambdas/catalog/cart.ts', [
    {
      name: 'repeated cart is a new generation',
      find: 'cart_id: isSame ? before.cart_id : newId,',
      replace: 'cart_id: newId,',
      consequence: 'A cart that is saved again between two presses is ordered twice.',
      caughtBy: [cartDomain, 'keeps the generation of the same items, and renews their expiry'],
    },
    {
      name: 'changed cart is the same generation',
      find: 'JSON.stringify(before.items) === JSON.stringify(items)',
      replace: 'items.length > 0',
      consequence: 'The items of a changed cart are never ordered.',
      caughtBy: [cartDomain, 'starts a new generation if the items change'],
    },
    {
      name: 'changed cart is emptied',
      find: 'cart.cart_id === cart_id && cart.items.length > 0',
      replace: 'cart.items.length > 0',
      consequence: 'What a customer puts into the cart after a checkout is lost.',
      caughtBy: [carts, 'leaves a cart that was changed since, and a cart that does not exist'],
    },
    {
      name: 'expired cart is served',
      find: 'nowMs >= expires_at * 1000',
      replace: 'nowMs >= (expires_at + 2 * 24 * 3600) * 1000',
      consequence: 'A cart is served until TTL has removed it.',
      caughtBy: [carts, 'is not shown and not ordered, although its row is still there'],
    },
  ]),
  ...bugsIn('lambdas/catalog/cart-store.ts', [
    {
      name: 'cart that was checked out is shown',
      find: 'return (await isCheckedOut(cart)) ? undefined : cart;',
      replace: 'return cart;',
      consequence: 'A customer sees items that are ordered already, and orders them with the next change.',
      caughtBy: [checkout, 'is empty from the moment of its order, although its row is emptied later'],
    },
    {
      name: 'deleted cart keeps its generation',
      find: 'replaceItems(before, wasOrdered, change)',
      replace: 'replaceItems(before, wasOrdered && !staysEmpty, change)',
      consequence: 'A checkout of a cart that was deleted returns an order of days ago as a new one.',
      caughtBy: [checkout, 'and deleted is not ordered again by a late checkout, but its key still returns its order'],
    },
    {
      name: 'empty cart is not written',
      find: 'if (staysEmpty && isWritten && !wasOrdered)',
      replace: 'if (staysEmpty && !wasOrdered)',
      consequence: 'A cart that was deleted has items again when the late write of an earlier request arrives.',
      caughtBy: [simulation, 'does not return if it was one of a cart that was then deleted'],
    },
    {
      name: 'cart without its version',
      find: "{ op: 'update', key, set, when: versionIs(before.version) }\n      : ",
      replace: "{ op: 'update', key, set, when: undefined as never }\n      : ",
      consequence: 'A change of a cart overwrites a change that it has not read.',
      caughtBy: [catalogWrites, 'a cart is created only if it is absent, and changed and emptied under its version'],
    },
    {
      name: 'cart is emptied without its version',
      find: 'set: { items, version }, when: versionIs(before.version) }',
      replace: 'set: { items, version }, when: undefined as never }',
      consequence: 'A cart that is changed at the time of the event loses its items.',
      caughtBy: [catalogWrites, 'a cart is created only if it is absent, and changed and emptied under its version'],
    },
  ]),
  ...bugsIn('lambdas/orders/cart-order.ts', [
    {
      name: 'order of a cart without its generation',
      find: "deriveId('cart', user_id, cart_id)",
      replace: "deriveId('cart', user_id, String(cart_id.length))",
      consequence: 'A customer can order one cart only.',
      caughtBy: [checkout, 'leads to a second order if the same items are put into it again'],
    },
  ]),
  ...bugsIn('lambdas/orders/checkout-store.ts', [
    {
      name: 'second key is not recorded',
      find: 'writes: recordKey(identity, order, recorded), result: { order, replayed: true }',
      replace: 'writes: [], result: { order, replayed: true }',
      consequence: 'A repeated request orders a cart that was filled since.',
      caughtBy: [checkout, 'returns its order to a key that was second, also when the cart has other items by then'],
    },
    {
      name: 'second checkout with other terms',
      find: '    requireSameTerms(request, order);\n',
      replace: '',
      consequence: 'A checkout at a named amount returns an order of another amount, of up to seven days ago.',
      caughtBy: [checkout, 'is rejected, before the cart is emptied and after'],
    },
    {
      name: 'checkout key accepted for another body',
      find: 'assertSameRequest(recorded, identity);',
      replace: '',
      consequence: 'Another checkout under a used key is reported as done.',
      caughtBy: [checkout, 'with the same key and another body is rejected'],
    },
    {
      name: 'checkout key without absent',
      find: 'order_id: order.id, body_hash }, when }',
      replace: 'order_id: order.id, body_hash } }',
      consequence: 'A key that returned one order returns another one later.',
      caughtBy: [orderWrites, 'a cart is ordered only if its order and its key are absent'],
    },
    {
      name: 'refused checkout that an earlier write overtakes',
      find: 'await recordRefusal(work, checkoutKey(identity.id))',
      replace: 'recordRefusal && undefined',
      consequence: 'A customer pays for a checkout that was refused, and for the one that replaced it.',
      caughtBy: [
        'test/simulation/checkout.test.ts',
        'is never paid, also if an earlier write of it arrives when the cart has other items',
      ],
    },
    {
      name: 'cart is not emptied',
      find: 'publishOrderCreated(order, cause, checkedOut)',
      replace: 'publishOrderCreated(order, cause)',
      consequence: 'The row of a cart keeps the items for a week after they were ordered.',
      caughtBy: [checkout, 'places one order with the items of the cart at their price, and empties the cart'],
    },
  ]),
];
