import type { allRoutes } from '../lib/routes.ts';

interface OperationTexts {
  readonly summary: string;
  /** What a status means here, for the statuses that the contract does not declare or does not explain. */
  readonly statuses?: Readonly<Record<number, string>>;
  /** Whether a POST writes nothing, so that it takes no Idempotency-Key. */
  readonly createsNothing?: true;
}

const PRICE_CONFLICT =
  'The amount is not the price of the items (`price_changed`, with the price in `quote`), or the quote has expired (`quote_expired`). Nothing was changed.';

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
      404: 'There is no such quote for this user.',
      409: PRICE_CONFLICT,
      422: `${KEY_REUSED}, or the quote is for other items, or the items cost 0 or more than the maximum. Nothing was changed.`,
    },
  },
  checkOutCart: {
    summary: 'Place an order from a cart',
    statuses: {
      201: 'The order was placed. Each generation of a cart (`cart_id`) leads to one order: another checkout of it returns that order, whichever key it has.',
      404: 'The user id is not valid, or there is no such quote for this user.',
      409: `The cart is empty or has expired. ${PRICE_CONFLICT}`,
      422: `${KEY_REUSED}, or the quote is for other items, or the items cost 0 or more than the maximum. Nothing was changed.`,
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
  putRules: {
    summary: 'Replace the price rules by a new version',
    statuses: { 409: 'Another version is valid than the one in `replaces`. Nothing was changed.' },
  },
  showRules: { summary: 'Show the valid price rules' },
  listRulesVersions: { summary: 'List the versions of the price rules, newest first' },
  showRulesVersion: { summary: 'Show a version of the price rules' },
  tryRules: {
    summary: 'Compare the price of items by the valid rules with their price by other rules',
    createsNothing: true,
  },
  putCustomer: {
    summary: 'Replace the tags of a customer, by which price rules give discounts',
    statuses: { 404: 'The user id is not valid.' },
  },
  showCustomer: { summary: 'Show the tags of a customer', statuses: { 404: 'The user id is not valid.' } },
  createQuote: {
    summary: 'Price items, and guarantee the price for 15 minutes',
    statuses: { 422: `${KEY_REUSED}, or the items cost 0 or more than the maximum. Nothing was changed.` },
  },
  showCart: {
    summary: 'Show the cart of a user with the prices of now',
    statuses: { 404: 'The user id is not valid.' },
  },
  putCart: { summary: 'Replace the items of a cart', statuses: { 404: 'The user id is not valid.' } },
  deleteCart: { summary: 'Remove all items from a cart', statuses: { 404: 'The user id is not valid.' } },
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
  createWebhook: {
    summary: 'Create a webhook, which gets order events by HTTPS',
    statuses: {
      201:
        'The webhook was created. Only this response has its secret. With the same Idempotency-Key, it is returned ' +
        'again, with the secret that is valid now: after a rotation of the key of the stage, it is another one.',
      410: 'The webhook of this Idempotency-Key was deleted. Nothing was changed.',
      422: `${KEY_REUSED}, or the maximum number of webhooks exists. Nothing was changed.`,
    },
  },
  listWebhooks: { summary: 'List all webhooks by id' },
  showWebhook: { summary: 'Show a webhook and its state' },
  deleteWebhook: { summary: 'Delete a webhook. Deliveries that wait for it are dropped' },
};
