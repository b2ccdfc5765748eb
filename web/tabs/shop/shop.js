import { call, find } from '../../page/call.js';
import { $, attempt, createCell, fillTable, formatNumber, formatTime, onSubmit } from '../../page/draw.js';

const REFRESH_MS = 400;
const OPEN_STATUSES = new Set(['NEW', 'PAYMENT_AUTHORIZED', 'REFUNDING']);

const nameField = $('user').elements.user_id;
nameField.value = localStorage.getItem('user_id') ?? 'alice';
let refreshTimer;

const noAction = async () => undefined;

/** Runs the action and shows the user's data. Refreshes them while an order is open. */
const act = (action) =>
  attempt('shop', async () => {
    await action();
    await refresh();
  });

async function refresh() {
  clearTimeout(refreshTimer);
  const user = nameField.value;
  const account = await find(`/payments/accounts/${encodeURIComponent(user)}/balance`);
  const orders = await call('GET', `/orders?limit=20&user_id=${encodeURIComponent(user)}`);
  const entries = account ? await call('GET', `/payments/accounts/${encodeURIComponent(user)}/entries?limit=20`) : [];
  if (user !== nameField.value || $('shop-tab').hidden) return;
  draw(account, orders, entries);
  if (orders.some(({ status }) => OPEN_STATUSES.has(status)))
    refreshTimer = setTimeout(() => act(noAction), REFRESH_MS);
}

function draw(account, orders, entries) {
  $('balance').textContent = account ? formatNumber(account.balance) : 'no account yet';
  fillTable(
    $('orders'),
    orders.map((order) => [
      createCell(formatTime(order.created_at)),
      createCell(order.description ?? ''),
      createCell(formatNumber(order.amount), 'number'),
      createCell(order.reason ? `${order.status}: ${order.reason.replaceAll('_', ' ')}` : order.status, order.status),
    ]),
    'There are no orders yet.',
  );
  fillTable(
    $('entries'),
    entries.map((entry) => [
      createCell(formatTime(entry.at)),
      createCell(entry.reason),
      createCell(formatNumber(entry.amount), 'number'),
      createCell(formatNumber(entry.balance_after), 'number'),
    ]),
    'There are no entries yet.',
  );
}

onSubmit('user', ({ user_id }) => act(() => call('POST', '/payments/accounts', { user_id })));
onSubmit('deposit', ({ amount }) =>
  act(() => call('POST', '/payments/accounts/deposit', { user_id: nameField.value, amount: Number(amount) })),
);
onSubmit('order', ({ description, amount }) =>
  act(() =>
    call('POST', '/orders', { user_id: nameField.value, amount: Number(amount), ...(description && { description }) }),
  ),
);
nameField.addEventListener('change', () => {
  localStorage.setItem('user_id', nameField.value);
  act(noAction);
});

export const shop = { enter: () => act(noAction), leave: () => clearTimeout(refreshTimer) };
