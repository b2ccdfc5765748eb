import { call, find } from '../../page/call.js';
import { $, attempt, createCell, fillTable, formatNumber, formatTime, onSubmit } from '../../page/draw.js';

const REFRESH_MS = 2000;
let refreshTimer;

/** Shows the totals and the latest changes, and refreshes them while the tab is shown. */
async function refresh() {
  clearTimeout(refreshTimer);
  await attempt('balances', async () => {
    const [stats, latest] = await Promise.all([
      call('GET', '/balances/stats'),
      call('GET', '/balances/latest?limit=10'),
    ]);
    $('balances-users').textContent = formatNumber(stats.users);
    $('balances-total').textContent = formatNumber(stats.total);
    $('balances-tick').textContent = stats.last_tick_at ? formatTime(stats.last_tick_at) : 'none yet';
    fillTable(
      $('balances-latest'),
      latest.map((balance) => [
        createCell(formatTime(balance.updated_at)),
        createCell(balance.user_id),
        createCell(formatNumber(balance.balance), 'number'),
        createCell(formatNumber(balance.version), 'number'),
      ]),
      'No balance has changed yet. Create users with: npm run ops -- seed users --count 1000',
    );
  });
  if (!$('balances-tab').hidden) refreshTimer = setTimeout(refresh, REFRESH_MS);
}

onSubmit('balances-find', ({ user_id }) =>
  attempt('balances', async () => {
    const found = await find(`/balances/${encodeURIComponent(user_id)}`);
    $('balances-found').textContent = found
      ? `${formatNumber(found.balance)} at ${formatTime(found.updated_at)} (version ${found.version})`
      : `There is no balance of ${user_id}.`;
  }),
);

export const balances = { enter: refresh, leave: () => clearTimeout(refreshTimer) };
