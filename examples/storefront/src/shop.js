// Farridge's own script: the cart, the checkout, the consent banner, and what the shop tells
// Waymark. Everything here works without Waymark; calls simply stay in the queue.

import catalogue from './catalogue.js';

// ---- Waymark -----------------------------------------------------------------------------
// A queue until waymark.js has loaded; the loader replaces it with the real thing and replays.

window.waymark = window.waymark || [];
function wm(method, ...args) {
  const w = window.waymark;
  Array.isArray(w) ? w.push([method, ...args]) : w[method](...args);
}

const CURRENCY = 'SGD';
const FREE_FROM = 80, DELIVERY = 8;
const lang = document.documentElement.lang === 'zh' ? 'zh' : 'en';
const root = lang === 'zh' ? '/zh/' : '/';
const page = document.body.dataset.page;
const $ = (selector, from = document) => from.querySelector(selector);
const cents = (n) => Math.round(n * 100) / 100;
const money = (n) => {
  const [whole, part] = (Number.isInteger(n) ? String(n) : n.toFixed(2)).split('.');
  return 'S$' + whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part ? '.' + part : '');
};

/** What events say about a product. Names are the English ones, so that counts add up. */
const about = (id, more) => ({ product_id: id, name: catalogue[id].name.en, category: catalogue[id].category, price: catalogue[id].price, ...more });

// ---- cart --------------------------------------------------------------------------------
// [{id, quantity}] in localStorage, written only once something has been added.

const KEY = 'shop-cart';
let memory = null; // used only where storage is refused; lives as long as the page

function readCart() {
  let lines = memory;
  if (!lines) try { lines = JSON.parse(localStorage.getItem(KEY) ?? '[]'); } catch { lines = []; }
  return (Array.isArray(lines) ? lines : []).filter((l) => l && Object.hasOwn(catalogue, l.id) && Number.isInteger(l.quantity) && l.quantity > 0);
}

function writeCart(lines) {
  try {
    if (lines.length) localStorage.setItem(KEY, JSON.stringify(lines));
    else localStorage.removeItem(KEY);
    memory = null;
  } catch { memory = lines; }
  showCount();
}

const cartValue = (lines) => cents(lines.reduce((sum, l) => sum + catalogue[l.id].price * l.quantity, 0));
const limit = (id) => Math.min(catalogue[id].stock, 9);

/** Sets how many of a product are in the cart and tells Waymark what changed. */
function setQuantity(id, quantity) {
  const lines = readCart();
  const line = lines.find((l) => l.id === id);
  const before = line ? line.quantity : 0;
  const after = Math.max(0, Math.min(quantity, limit(id)));
  if (after === before) return before;
  const next = line ? lines.map((l) => (l.id === id ? { id, quantity: after } : l)).filter((l) => l.quantity > 0) : [...lines, { id, quantity: after }];
  writeCart(next);
  wm('track', after > before ? 'Product Added' : 'Product Removed', about(id, { quantity: Math.abs(after - before), cart_value: cartValue(next), currency: CURRENCY }));
  return after;
}

function showCount() {
  const n = readCart().reduce((sum, l) => sum + l.quantity, 0);
  const badge = $('[data-cart-count]');
  badge.textContent = n ? String(n) : '';
  const link = badge.closest('a'), word = $('.bag__word', link).textContent;
  link.setAttribute('aria-label', n ? `${word}: ${n} ${badge.dataset.label}` : word);
}

function showTotals() {
  const value = cartValue(readCart());
  const delivery = value >= FREE_FROM ? 0 : DELIVERY;
  $('[data-subtotal]').textContent = money(value);
  $('[data-delivery]').textContent = delivery ? money(delivery) : $('[data-delivery]').dataset.free;
  $('[data-total]').textContent = money(cents(value + delivery));
}

function showEmptyOrFull() {
  const empty = readCart().length === 0;
  $('[data-cart-empty]').hidden = !empty;
  $('[data-cart-full]').hidden = empty;
  return empty;
}

// ---- pages -------------------------------------------------------------------------------

function productPage() {
  const id = document.body.dataset.product;
  wm('track', 'Product Viewed', about(id, { currency: CURRENCY }));
  const form = $('[data-add]');
  form?.addEventListener('submit', (event) => {
    event.preventDefault();
    const had = readCart().find((l) => l.id === id)?.quantity ?? 0;
    setQuantity(id, had + Number(form.elements.quantity.value));
    const status = $('.buy__status', form);
    status.textContent = '';
    requestAnimationFrame(() => { status.textContent = status.dataset.added; });
    $('[data-view-cart]', form).hidden = false;
  });
}

function listPage() {
  const { category } = document.body.dataset;
  wm('track', 'Product List Viewed', { list_id: category, category });
}

function cartLines() {
  const list = $('[data-cart-lines]');
  list.replaceChildren(...readCart().map(({ id, quantity }) => {
    const item = catalogue[id];
    const li = $('#cart-line').content.firstElementChild.cloneNode(true);
    const link = $('a', li), select = $('select', li), sum = $('.line__sum', li);
    $('img', li).src = item.image;
    link.textContent = item.name[lang];
    link.href = `${root}products/${id}.html`;
    $('.line__each', li).textContent = money(item.price);
    for (let n = 1; n <= Math.max(limit(id), quantity); n++) select.add(new Option(n, n, false, n === quantity));
    sum.textContent = money(cents(item.price * quantity));
    select.setAttribute('aria-label', `${select.previousElementSibling.textContent}: ${item.name[lang]}`);
    select.addEventListener('change', () => {
      const now = setQuantity(id, Number(select.value));
      select.value = String(now);
      sum.textContent = money(cents(item.price * now));
      showTotals();
    });
    const remove = $('.line__remove', li);
    remove.setAttribute('aria-label', `${remove.textContent}: ${item.name[lang]}`);
    remove.addEventListener('click', () => {
      const neighbour = li.nextElementSibling || li.previousElementSibling;
      setQuantity(id, 0);
      li.remove();
      const status = $('[data-cart-status]');
      status.textContent = `${item.name[lang]}: ${status.dataset.removed}`;
      showTotals();
      if (showEmptyOrFull()) $('.empty__title').focus();
      else $('.line__remove', neighbour).focus();
    });
    return li;
  }));
}

function cartPage() {
  cartLines();
  showTotals();
  showEmptyOrFull();
  wm('track', 'Cart Viewed', { cart_value: cartValue(readCart()), currency: CURRENCY });
}

function checkoutPage() {
  showTotals();
  if (showEmptyOrFull()) return;
  $('[data-order-lines]').replaceChildren(...readCart().map(({ id, quantity }) => {
    const li = document.createElement('li'), name = document.createElement('span'), sum = document.createElement('span');
    name.textContent = `${catalogue[id].name[lang]} × ${quantity}`;
    sum.textContent = money(cents(catalogue[id].price * quantity));
    li.append(name, sum);
    return li;
  }));
  wm('track', 'Checkout Started', { value: cartValue(readCart()), currency: CURRENCY });

  const form = $('[data-checkout]');
  const check = (input) => {
    const ok = input.validity.valid && input.value.trim() !== '';
    const error = document.getElementById(input.getAttribute('aria-describedby'));
    error.textContent = ok ? '' : error.dataset.error;
    input.setAttribute('aria-invalid', String(!ok));
    return ok;
  };
  const inputs = [form.elements.name, form.elements.email];
  for (const input of inputs) input.addEventListener('input', () => { if (input.getAttribute('aria-invalid') === 'true') check(input); });

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const bad = inputs.filter((input) => !check(input));
    if (bad.length) { bad[0].focus(); return; }
    const lines = readCart();
    if (!lines.length) { showEmptyOrFull(); return; }

    const orderId = 'FR-' + [...crypto.getRandomValues(new Uint8Array(5))].map((b) => b.toString(16).padStart(2, '0')).join('').toUpperCase();
    if (consent?.marketing || consent?.personalization) {
      wm('identify', null, { firstName: inputs[0].value.trim().split(/\s+/)[0], email: inputs[1].value.trim() });
    }
    wm('track', 'Order Completed', {
      order_id: orderId, revenue: cartValue(lines), currency: CURRENCY,
      products: lines.map((l) => about(l.id, { quantity: l.quantity })),
    });
    writeCart([]);
    location.assign(`${root}thanks.html#${orderId}`);
  });
}

function thanksPage() {
  const id = location.hash.slice(1);
  const place = $('[data-order-id]');
  if (/^FR-[0-9A-F]{10}$/.test(id)) place.textContent = `${place.dataset.label} ${id}`;
}

// ---- consent -----------------------------------------------------------------------------
// Waymark keeps the choice. The banner shows while none is known, and stays away without Waymark.

let consent = null;
const banner = document.getElementById('consent');
const settings = document.getElementById('consent-settings');
const settingsButton = $('[data-consent="settings"]', banner);
const closeButton = $('[data-consent="close"]', banner);
const opener = $('[data-consent-open]');
let returnTo = null;

function openSettings(open) {
  settings.hidden = !open;
  settingsButton.setAttribute('aria-expanded', String(open));
  if (open) for (const key of ['analytics', 'personalization', 'marketing']) settings.elements[key].checked = Boolean(consent?.[key]);
}

function showBanner(show) {
  const inside = banner.contains(document.activeElement);
  banner.hidden = !show;
  document.documentElement.classList.toggle('has-consent', show);
  closeButton.hidden = !consent?.decided;
  if (!show && inside) (returnTo || document.getElementById('main')).focus({ preventScroll: true });
  if (!show) { returnTo = null; openSettings(false); }
}

function choose(analytics, personalization, marketing) {
  wm('consent', { analytics, personalization, marketing });
  showBanner(false);
}

banner.addEventListener('click', (event) => {
  const what = event.target.closest('[data-consent]')?.dataset.consent;
  if (what === 'all') choose(true, true, true);
  else if (what === 'necessary') choose(false, false, false);
  else if (what === 'settings') openSettings(settings.hidden);
  else if (what === 'close') showBanner(false);
});
banner.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && consent?.decided) showBanner(false);
});
settings.addEventListener('submit', (event) => {
  event.preventDefault();
  const { analytics, personalization, marketing } = settings.elements;
  choose(analytics.checked, personalization.checked, marketing.checked);
});
opener.addEventListener('click', () => {
  returnTo = opener;
  showBanner(true);
  openSettings(true);
  banner.focus({ preventScroll: true });
});

wm('on', 'consent', (c) => {
  consent = c;
  opener.hidden = false;
  showBanner(!c.decided);
});

// ---- what Waymark knows ------------------------------------------------------------------

function knowsPanel() {
  const panel = $('[data-knows]');
  wm('on', 'decision', (d) => {
    const none = panel.dataset.none;
    $('[data-knows-nothing]').hidden = true;
    panel.hidden = false;
    $('[data-knows-segments]').textContent = d.segments?.length ? d.segments.join(', ') : none;
    $('[data-knows-stage]').textContent = d.stage ?? none;
    $('[data-knows-until]').textContent = d.validUntil ? new Date(d.validUntil).toLocaleString(lang === 'zh' ? 'zh-SG' : 'en-SG') : none;
    $('[data-knows-pack]').textContent = d.pack ? String(d.pack).slice(0, 12) : none;
    $('[data-knows-slots]').replaceChildren(...Object.entries(d.slots ?? {}).map(([name, s]) => {
      const li = document.createElement('li'), code = document.createElement('code');
      code.textContent = name;
      li.append(code, ` – ${s?.content ?? panel.dataset.own}${s?.rule ? ` (${panel.dataset.rule} ${s.rule})` : ''}`);
      return li;
    }));
  });
}

// ---- go ----------------------------------------------------------------------------------

showCount();
({ product: productPage, list: listPage, cart: cartPage, checkout: checkoutPage, thanks: thanksPage, index: knowsPanel })[page]?.();

const refresh = () => {
  showCount();
  if (page === 'cart') { cartLines(); showTotals(); showEmptyOrFull(); }
};
addEventListener('storage', (event) => { if (event.key === KEY || event.key === null) refresh(); });
addEventListener('pageshow', (event) => { if (event.persisted) refresh(); });
