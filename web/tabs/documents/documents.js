import { send } from '../../page/call.js';
import { $, attempt, createCell, fillTable, formatNumber, onSubmit } from '../../page/draw.js';

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
        setStatus(`X-Cache: ${headers.get('x-cache')}, after ${formatNumber(elapsedMs)} ms`);
        draw(JSON.parse(text), text);
        return;
      }
      setStatus('The document is being looked up …');
      if (elapsedMs > MAX_WAIT_MS)
        throw new Error(`The lookup has not ended after ${formatNumber(elapsedMs)} ms. Try again later.`);
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
    Recipient: [delivery.name, delivery.phone, delivery.email].join(', '),
    'Delivery address': [delivery.address, delivery.zip, delivery.city, delivery.region].join(', '),
    'Delivery service': order.delivery_service,
    Payment: `${formatNumber(payment.amount)} ${currency} (goods ${formatNumber(payment.goods_total)}, delivery ${formatNumber(payment.delivery_cost)}, fee ${formatNumber(payment.custom_fee)}), ${payment.provider}, ${payment.bank}`,
  };
  fillTable(
    $('document-fields'),
    Object.entries(fields).map(([name, value]) => [createCell(name, 'muted'), createCell(value)]),
    '',
  );
  fillTable(
    $('document-items'),
    items.map((item) => [
      createCell(item.name),
      createCell(item.brand),
      createCell(formatNumber(item.price), 'number'),
      createCell(`${formatNumber(item.sale)} %`, 'number'),
      createCell(formatNumber(item.total_price), 'number'),
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
