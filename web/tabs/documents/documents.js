import { ask } from '../../page/call.js';
import { $, attempt, cell, fill, number, onSubmit } from '../../page/draw.js';

const LOOK_AGAIN_MS = 500;
const PATIENCE_MS = 15_000;
const field = $('document-find').elements.order_uid;
let asked = 0;

/** Shows one document; where the answer is that it is being looked up, asks again until it is there. */
async function show(uid) {
  const mine = ++asked;
  const said = (text) => {
    if (mine === asked) $('document-said').textContent = text;
  };
  $('document').hidden = true;
  said('asking …');
  await attempt('documents', async () => {
    const began = performance.now();
    for (;;) {
      const { status, headers, text } = await ask('GET', `/api/order/${encodeURIComponent(uid)}`);
      if (mine !== asked) return;
      const took = Math.round(performance.now() - began);
      if (status === 200) {
        said(`X-Cache: ${headers.get('x-cache')}, after ${number(took)} ms`);
        draw(JSON.parse(text), text);
        return;
      }
      said('being looked up …');
      if (took > PATIENCE_MS) throw new Error(`still being looked up after ${number(took)} ms`);
      await new Promise((resume) => setTimeout(resume, LOOK_AGAIN_MS));
    }
  });
  if ($('document').hidden) said('');
}

function draw({ delivery, payment, items, ...order }, text) {
  const { currency } = payment;
  const facts = {
    Order: order.order_uid,
    Track: order.track_number,
    Placed: order.date_created,
    Customer: order.customer_id,
    'Delivered to': [delivery.name, delivery.address, delivery.zip, delivery.city, delivery.region].join(', '),
    'By way of': `${order.delivery_service}, ${delivery.phone}, ${delivery.email}`,
    Paid: `${number(payment.amount)} ${currency} (goods ${number(payment.goods_total)}, delivery ${number(payment.delivery_cost)}, fee ${number(payment.custom_fee)}), ${payment.provider}, ${payment.bank}`,
  };
  fill(
    $('document-facts'),
    Object.entries(facts).map(([name, value]) => [cell(name, 'none'), cell(value)]),
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
    'No items',
  );
  // as it came: what the page has parsed may have lost a digit of a large number
  $('document-text').textContent = text;
  $('document').hidden = false;
}

onSubmit('document-find', ({ order_uid }) => {
  const wanted = `#documents/${encodeURIComponent(order_uid)}`;
  if (location.hash === wanted) show(order_uid);
  else location.hash = wanted;
});

export const documents = {
  enter: (uid) => {
    if (!uid) return;
    field.value = uid;
    show(uid);
  },
  leave: () => {
    asked += 1;
  },
};
