import { call, find } from '../../page/call.js';
import { $, attempt, cell, fill, number, onSubmit, time } from '../../page/draw.js';

const LOOK_AGAIN_MS = 2000;
let looking;

/** The newest changes and the sums, as long as somebody looks. */
async function look() {
  clearTimeout(looking);
  await attempt('balances', async () => {
    const [stats, latest] = await Promise.all([
      call('GET', '/balances/stats'),
      call('GET', '/balances/latest?limit=10'),
    ]);
    $('balances-users').textContent = number(stats.users);
    $('balances-total').textContent = number(stats.total);
    $('balances-tick').textContent = stats.last_tick_at ? time(stats.last_tick_at) : 'none yet';
    fill(
      $('balances-latest'),
      latest.map((one) => [
        cell(time(one.updated_at)),
        cell(one.user_id),
        cell(number(one.balance), 'number'),
        cell(number(one.version), 'number'),
      ]),
      'No balance has changed yet. npm run ops -- seed users --count 1000',
    );
  });
  if (!$('balances-tab').hidden) looking = setTimeout(look, LOOK_AGAIN_MS);
}

onSubmit('balances-find', ({ user_id }) =>
  attempt('balances', async () => {
    const found = await find(`/balances/${encodeURIComponent(user_id)}`);
    $('balances-found').textContent = found
      ? `${number(found.balance)}, as of ${time(found.updated_at)} (version ${found.version})`
      : `nothing is known of ${user_id}`;
  }),
);

export const balances = { enter: look, leave: () => clearTimeout(looking) };
