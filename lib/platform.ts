import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AwsOnly } from './aws-only.ts';
import { nameOf, type StageConfig } from './config.ts';
import type { Context } from './constructs/context.ts';
import { PublicApi } from './constructs/public-api.ts';
import { Balances } from './contexts/balances.ts';
import { Catalog } from './contexts/catalog.ts';
import { Documents } from './contexts/documents.ts';
import { Ops } from './contexts/ops.ts';
import { Orders } from './contexts/orders.ts';
import { Payments } from './contexts/payments.ts';
import { Relay } from './contexts/relay.ts';
import { Tickets } from './contexts/tickets.ts';
import { DataStack } from './data.ts';

/**
 * The whole system of one stage. Stacks know each other's things by name (docs/adr/0003), so the order in which they
 * are deployed is said here and nowhere else.
 */
export class Platform {
  readonly stacks: readonly Stack[];
  readonly contexts: readonly Context[];

  constructor(app: Construct, config: StageConfig) {
    const stack = (name: string, description: string, ...after: Stack[]) => {
      const made = new Stack(app, nameOf(config, name), { description: `Oncebox: ${description}` });
      for (const before of after) made.addStackDependency(before);
      return made;
    };

    const data = new DataStack(app, config);

    const relayStack = stack('relay', 'from outboxes to the bus', data);
    const outboxes = [data.payments, data.orders, data.tickets, data.catalog, data.documents];
    const relay = new Relay(relayStack, config, outboxes);

    const paymentsStack = stack('payments', 'accounts and the ledger', relayStack);
    const payments = new Payments(paymentsStack, config, data.payments);

    const ordersStack = stack('orders', 'orders and their saga', relayStack);
    const orders = new Orders(ordersStack, config, data);

    const ticketsStack = stack('tickets', 'tickets and what they claim', relayStack);
    const tickets = new Tickets(ticketsStack, config, data.tickets);

    const catalogStack = stack('catalog', 'products and their prices', relayStack);
    const catalog = new Catalog(catalogStack, config, data.catalog);

    const balancesStack = stack('balances', 'the read model of balances', relayStack);
    const balances = new Balances(balancesStack, config, data);

    const documentsStack = stack('documents', 'order documents and their cache', relayStack);
    const documents = new Documents(documentsStack, config, data.documents);

    const opsStack = stack('ops', 'what an operator needs');
    const ops = new Ops(opsStack, config);

    const contextsWithDoors = [paymentsStack, ordersStack, catalogStack, balancesStack, documentsStack, opsStack];
    const apiStack = stack('api', 'the one door', ...contextsWithDoors);
    const door = new PublicApi(apiStack, 'Door', {
      config,
      apis: [payments.api, orders.api, catalog.api, balances.api, documents.api, ops.api],
      fallback: ops.fallback,
    });

    this.contexts = [relay, payments, orders, tickets, catalog, balances, documents, ops];
    this.stacks = [
      data,
      relayStack,
      paymentsStack,
      ordersStack,
      ticketsStack,
      catalogStack,
      balancesStack,
      documentsStack,
      opsStack,
      apiStack,
    ];
    if (config.onAws) new AwsOnly(app, nameOf(config, 'aws'), { config, contexts: this.contexts, door });
  }
}
