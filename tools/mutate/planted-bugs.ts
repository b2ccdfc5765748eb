import { plantedInBalances } from './planted/balances.ts';
import { plantedInCache } from './planted/cache.ts';
import { plantedInCatalog } from './planted/catalog.ts';
import { plantedInDocuments } from './planted/documents.ts';
import { plantedInEvents } from './planted/events.ts';
import { plantedInHttp } from './planted/http.ts';
import { plantedInInfrastructure } from './planted/infrastructure.ts';
import { plantedInMessaging } from './planted/messaging.ts';
import { plantedInOrders } from './planted/orders.ts';
import { plantedInPayments } from './planted/payments.ts';
import { plantedInPrices } from './planted/prices.ts';
import { plantedInRelay } from './planted/relay.ts';
import { plantedInReports } from './planted/reports.ts';
import { plantedInStore } from './planted/store.ts';
import { plantedInTickets } from './planted/tickets.ts';
import { plantedInWebhooks } from './planted/webhooks.ts';
import type { PlantedBug } from './planted-bug.ts';

/** All planted bugs by area, each in a file of its own. */
export const plantedBugsByArea: Readonly<Record<string, readonly PlantedBug[]>> = {
  payments: plantedInPayments,
  orders: plantedInOrders,
  tickets: plantedInTickets,
  balances: plantedInBalances,
  documents: plantedInDocuments,
  catalog: plantedInCatalog,
  prices: plantedInPrices,
  reports: plantedInReports,
  cache: plantedInCache,
  store: plantedInStore,
  messaging: plantedInMessaging,
  relay: plantedInRelay,
  http: plantedInHttp,
  events: plantedInEvents,
  webhooks: plantedInWebhooks,
  infrastructure: plantedInInfrastructure,
};

export const plantedBugs: readonly PlantedBug[] = Object.values(plantedBugsByArea).flat();
