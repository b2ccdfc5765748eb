import type { allRoutes } from '../lib/routes.ts';

interface OperationTexts {
  readonly summary: string;
  /** What a status means here, for the statuses that the contract does not declare or does not explain. */
  readonly statuses?: Readonly<Record<number, string>>;
}

export const KEY_REUSED = 'The Idempotency-Key was used for a request with another body';

/** The texts of each operation in the OpenAPI document that cannot be derived from the contract of its route. */
export const operationTexts: Readonly<Record<keyof typeof allRoutes, OperationTexts>> = {
  openAccount: { summary: 'Open an account', statuses: { 409: 'The user has an account already.' } },
  deposit: {
    summary: 'Deposit money into an account',
    statuses: {
      404: 'The user has no account.',
      422: `${KEY_REUSED}, or the deposit would raise the balance above the maximum. Nothing was changed.`,
    },
  },
  showBalance: { summary: 'Show the balance of an account in the ledger' },
  listEntries: { summary: 'List the entries of an account, newest first' },
  placeOrder: {
    summary: 'Place an order, or submit the order document of an external shop',
    statuses: {
      201: 'The order was placed.',
      202: 'The order document was accepted and will be stored.',
      413: 'The body is larger than 128 KB, or the document does not fit into an event.',
      422: `${KEY_REUSED}, or the amount is not the price of the items, or the price is above the maximum. Nothing was changed.`,
    },
  },
  listOrders: { summary: 'List the orders of a user, newest first' },
  showOrder: { summary: 'Show an order' },
  refundOrder: {
    summary: 'Refund a finished order',
    statuses: { 409: 'The order is not FINISHED, so it cannot be refunded. Nothing was changed.' },
  },
  showWorkflow: { summary: 'Show the steps, events, deliveries and decisions of an order' },
  showWorkflowUnderApi: { summary: 'Show the steps, events, deliveries and decisions of an order (second path)' },
  putProduct: {
    summary: 'Create or change a product',
    statuses: { 404: 'The SKU is not valid, so no product can have it.' },
  },
  listProducts: { summary: 'List all products by SKU' },
  showProduct: { summary: 'Show a product' },
  listLatest: { summary: 'List the balances that changed last, newest first' },
  showStats: { summary: 'Show the number of users and the total of their balances' },
  showUserBalance: { summary: 'Show the balance of a user in the read model' },
  showDocumentUnderApi: {
    summary: 'Show an order document',
    statuses: { 202: 'The document is being looked up. Send the request again.' },
  },
  showDocument: {
    summary: 'Show an order document (second path)',
    statuses: { 202: 'The document is being looked up. Send the request again.' },
  },
  showHealth: { summary: 'Show that the API is reachable and its functions start' },
  showOpenApi: { summary: 'Show this document' },
  requestReport: {
    summary: 'Request a report of orders, of the ledger or of balances',
    statuses: {
      202: 'The report was requested. `Location` shows its progress.',
      422: `${KEY_REUSED}, or rows of the end of the range may still be written. Nothing was changed.`,
      429: 'Too many reports are queued or running. Nothing was changed.',
    },
  },
  showReport: {
    summary: 'Show the progress of a report, and a link to its file when it is finished',
    statuses: { 410: 'The file of the report has expired.' },
  },
};
