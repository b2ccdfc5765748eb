import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AwsOnly } from './aws-only.ts';
import { BackupCopyStack, BackupStack } from './backup.ts';
import { checkConcurrency } from './concurrency.ts';
import type { StageConfig } from './config.ts';
import { createContextAlarms } from './constructs/aws-alarms.ts';
import type { Context } from './constructs/context.ts';
import { ContextApi } from './constructs/context-api.ts';
import { Firewall } from './constructs/firewall.ts';
import { PublicApi } from './constructs/public-api.ts';
import { StageStack } from './constructs/stage-stack.ts';
import { Balances } from './contexts/balances.ts';
import { Catalog } from './contexts/catalog.ts';
import { Documents } from './contexts/documents.ts';
import { Ops } from './contexts/ops.ts';
import { Orders } from './contexts/orders.ts';
import { Payments } from './contexts/payments.ts';
import { Relay } from './contexts/relay.ts';
import { Tickets } from './contexts/tickets.ts';
import { DataStack } from './data.ts';
import { KeyStack } from './keys.ts';

/**
 * The whole system of one stage, one stack for each context. Stacks refer to each other's resources by name
 * (docs/adr/0003), so the order of deployment is declared here.
 */
export class Platform {
  readonly contexts: readonly Context[];

  constructor(app: Construct, config: StageConfig) {
    const contexts: Context[] = [];
    const add = <C extends Context>(name: string, description: string, after: Stack[], create: (stack: Stack) => C) => {
      const context = create(new StageStack(app, { config, name, description, dependsOn: after }));
      if (config.onAws) createContextAlarms(context);
      contexts.push(context);
      return context;
    };

    const keys = config.customerKeys.tables ? [new KeyStack(app, config)] : [];
    const data = new DataStack(app, config, keys);
    const relay = add('relay', 'outbox relay and bus', [data], (stack) => new Relay(stack, config, data.outboxes));
    const afterRelay = [Stack.of(relay)];
    add('payments', 'accounts and the ledger', afterRelay, (stack) => new Payments(stack, config, data.payments));
    add('orders', 'orders and their saga', afterRelay, (stack) => new Orders(stack, config, data));
    add('tickets', 'tickets and claims', afterRelay, (stack) => new Tickets(stack, config, data.tickets));
    add('catalog', 'products, prices and carts', afterRelay, (stack) => new Catalog(stack, config, data));
    add('balances', 'the read model of balances', afterRelay, (stack) => new Balances(stack, config, data));
    add('documents', 'order documents and cache', afterRelay, (stack) => new Documents(stack, config, data.documents));
    const ops = add('ops', 'health, API document, unknown routes', [], (stack) => new Ops(stack, config));

    const functions = contexts.flatMap((context) => context.functions);
    checkConcurrency(config, functions.filter(({ invokedBy }) => invokedBy === 'queue').length);

    const apis = contexts.flatMap(({ node }) => node.children.filter((child) => child instanceof ContextApi));
    // Also contexts without an API: the first order must find all consumers of its events.
    const dependsOn = contexts.map((context) => Stack.of(context));
    const apiStack = new StageStack(app, { config, name: 'api', description: 'the public API', dependsOn });
    const { api } = new PublicApi(apiStack, 'PublicApi', { config, apis, fallback: ops.fallback });
    if (config.firewall) new Firewall(apiStack, 'Firewall', { config, api });

    if (config.onAws) new AwsOnly(app, config, { contexts, after: [...dependsOn, apiStack] });
    if (config.backup) {
      const copies = new BackupCopyStack(app, config, config.backup);
      new BackupStack(app, config, {
        backup: config.backup,
        tables: data.contextTables,
        after: [...afterRelay, copies],
      });
    }
    this.contexts = contexts;
  }
}
