// The official Node SDK against a running gateway. Says one JSON line of what it saw; the test judges it.
import Stripe from 'stripe';

const {SLUICE_URL, SLUICE_KEY} = process.env;
const {hostname, port, protocol} = new URL(SLUICE_URL);
const stripe = new Stripe(SLUICE_KEY, {host: hostname, port, protocol: protocol.slice(0, -1), maxNetworkRetries: 0});
const money = {amount: 2000, currency: 'usd', automatic_payment_methods: {enabled: true, allow_redirects: 'never'}};

const created = await stripe.paymentIntents.create({...money, capture_method: 'manual', metadata: {order: '7'}});
const held = await stripe.paymentIntents.confirm(created.id, {payment_method: 'pm_card_visa', expand: ['latest_charge']});
const captured = await stripe.paymentIntents.capture(held.id, {amount_to_capture: 1500});
const refund = await stripe.refunds.create({payment_intent: captured.id, amount: 500, reason: 'requested_by_customer'});

const declined = await stripe.paymentIntents
  .create({...money, payment_method: 'pm_card_chargeDeclined', confirm: true})
  .catch((error) => error);

const key = {idempotencyKey: 'node-smoke'};
const [once, again] = [await stripe.customers.create({name: 'Ann'}, key), await stripe.customers.create({name: 'Ann'}, key)];

const intents = [];
for await (const intent of stripe.paymentIntents.list({limit: 1})) intents.push(intent.id);

const payload = JSON.stringify({id: 'evt_1', object: 'event', type: 'charge.succeeded'});
const secret = 'whsec_of_the_smoke';
const header = stripe.webhooks.generateTestHeaderString({payload, secret});
const event = stripe.webhooks.constructEvent(payload, header, secret);

console.log(JSON.stringify({
  statuses: [created.status, held.status, captured.status, refund.status],
  requestId: captured.lastResponse.requestId,
  brand: held.latest_charge.payment_method_details.card.brand,
  received: captured.amount_received,
  declined: [declined.type, declined.statusCode, declined.code, declined.decline_code],
  sameCustomer: once.id === again.id,
  intents,
  made: [declined.payment_intent.id, created.id],
  event: event.type,
}));
