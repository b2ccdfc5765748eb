// The shop, by the same routes that anybody may call. Every press has an Idempotency-Key of its own, and a request that
// got no answer is sent again under it: what happened already does not happen twice.

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' });
const TRIES = 3;
const LOOK_AGAIN_MS = 400;
const ON_THE_WAY = new Set(['NEW', 'PAYMENT_AUTHORIZED', 'REFUNDING']);

const nameField = $('customer').elements.user_id;
nameField.value = localStorage.getItem('customer') ?? 'alice';

/** A refusal, with everything that was wrong. */
class Problem extends Error {
  constructor({ detail, errors = [] }) {
    super([detail, ...errors.map(({ path, message }) => `${path}: ${message}`)].join('\n'));
  }
}

async function call(method, path, body) {
  const init = { method, headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() } };
  if (body) init.body = JSON.stringify(body);
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(path, init);
      const answer = await response.json();
      if (response.ok) return answer;
      if (response.status !== 503 || tries === TRIES) throw new Problem(answer);
    } catch (error) {
      if (error instanceof Problem || tries === TRIES) throw error;
    }
  }
}

const cell = (text, className = '') => Object.assign(document.createElement('td'), { textContent: text, className });

function fill(body, rows, empty) {
  const line = (cells) => {
    const row = document.createElement('tr');
    row.append(...cells);
    return row;
  };
  const nothing = Object.assign(cell(empty, 'none'), { colSpan: 4 });
  body.replaceChildren(...(rows.length ? rows.map(line) : [line([nothing])]));
}

function show(account, orders, entries) {
  $('balance').textContent = account ? number.format(account.balance) : 'no account yet';
  fill(
    $('orders'),
    orders.map((order) => [
      cell(time.format(new Date(order.created_at))),
      cell(order.description ?? ''),
      cell(number.format(order.amount), 'number'),
      cell(order.reason ? `${order.status}: ${order.reason.replaceAll('_', ' ')}` : order.status, order.status),
    ]),
    'Nothing ordered yet',
  );
  fill(
    $('entries'),
    entries.map((entry) => [
      cell(time.format(new Date(entry.at))),
      cell(entry.reason),
      cell(number.format(entry.amount), 'number'),
      cell(number.format(entry.balance_after), 'number'),
    ]),
    'No money has moved yet',
  );
}

/** Only a missing account is an answer of its own; any other trouble is for the person to see. */
async function accountOf(user) {
  const response = await fetch(`/payments/accounts/${encodeURIComponent(user)}/balance`);
  if (response.status === 404) return undefined;
  const answer = await response.json();
  if (!response.ok) throw new Problem(answer);
  return answer;
}

let looking;

/** Looks again as long as an order is on its way. */
async function look() {
  clearTimeout(looking);
  const user = nameField.value;
  const account = await accountOf(user);
  const orders = await call('GET', `/orders?limit=20&user_id=${encodeURIComponent(user)}`);
  const entries = account ? await call('GET', `/payments/accounts/${encodeURIComponent(user)}/entries?limit=20`) : [];
  if (user !== nameField.value) return;
  show(account, orders, entries);
  if (orders.some(({ status }) => ON_THE_WAY.has(status)))
    looking = setTimeout(() => attempt(async () => {}), LOOK_AGAIN_MS);
}

/** Does it, shows what has come of it, and says what was wrong. */
async function attempt(action) {
  const trouble = $('trouble');
  try {
    await action();
    await look();
    trouble.hidden = true;
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
}

function onSubmit(form, action) {
  $(form).addEventListener('submit', (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    attempt(() => action(fields));
  });
}

onSubmit('customer', ({ user_id }) => call('POST', '/payments/accounts', { user_id }));
onSubmit('deposit', ({ amount }) =>
  call('POST', '/payments/accounts/deposit', { user_id: nameField.value, amount: Number(amount) }),
);
onSubmit('order', ({ description, amount }) =>
  call('POST', '/orders', { user_id: nameField.value, amount: Number(amount), ...(description && { description }) }),
);
nameField.addEventListener('change', () => {
  localStorage.setItem('customer', nameField.value);
  attempt(async () => {});
});
attempt(async () => {});
