import { send } from '../../page/call.js';
import { $, attempt, cell, fill, number, onSubmit } from '../../page/draw.js';

const RETRY_MS = 500;
const MAX_WAIT_MS = 15_000;
const field = $('document-find').elements.order_uid;
let latestRequest = 0;

/** Shows one document. While the API returns 202, since the document is being looked up, the request is repeated. */
async function show(uid) {
  const request = ++latestRequest;
  const setStatus = (text) => {
    if (request === latestRequest) $('document-status').textContent = text;
  };
  $('document').hidden = true;
  setStatus('Loading …');
  await attempt('documents', async () => {
    const startedAt = performance.now();
    for (;;) {
      const { status, headers, text } = await send('GET', `/api/order/${encodeURIComponent(uid)}`);
      if (request !== latestRequest) return;
      const elapsedMs = Math.round(performance.now() - startedAt);
      if (status === 200) {
        setStatus(`X-Cache: ${headers.get('x-cache')}, after ${number(elapsedMs)} ms`);
        draw(JSON.parse(text), text);
        return;
      }
      setStatus('The document is being looked up …');
      if (elapsedMs > MAX_WAIT_MS)
        throw new Error(`The lookup has not ended after ${number(elapsedMs)} ms. Try again later.`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  });
  if ($('document').hidden) setStatus('');
}

function draw({ delivery, payment, items, ...order }, text) {
  const { currency } = payment;
  const fields = {
    Order: order.order_uid,
    'Track number': order.track_number,
    Created: order.date_created,
    Customer: order.customer_id,
    'Delivery address': [delivery.name, delivery.address, delivery.zip, delivery.city, delivery.region].join(', '),
    'Delivery service': `${order.delivery_service}, ${delivery.phone}, ${delivery.email}`,
    Payment: `${number(payment.amount)} ${currency} (goods ${number(payment.goods_total)}, delivery ${number(payment.delivery_cost)}, fee ${number(payment.custom_fee)}), ${payment.provider}, ${payment.bank}`,
  };
  fill(
    $('document-fields'),
    Object.entries(fields).map(([name, value]) => [cell(name, 'muted'), cell(value)]),
    '',
  );
  fill(
    $('document-items'),
    items.map((item) => [
      cell(item.name),
      cell(item.brand),
      cell(number(item.price), 'number'),
      cell(`${number(item.sale)} %`, 'number'),
      cell(number(item.total_price), 'number'),
    ]),
    'The document has no items.',
  );
  // The text as it was sent, since parsing may round a large number.
  $('document-text').textContent = text;
  $('document').hidden = false;
}

onSubmit('document-find', ({ order_uid }) => {
  const wantedHash = `#documents/${encodeURIComponent(order_uid)}`;
  if (location.hash === wantedHash) show(order_uid);
  else location.hash = wantedHash;
});

export const documents = {
  enter: (uid) => {
    if (!uid) return;
    field.value = uid;
    show(uid);
  },
  leave: () => {
    latestRequest += 1;
  },
};
