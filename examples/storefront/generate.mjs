// Writes the whole shop into site/ from products.json and src/. Plain Node 20, nothing to install.
//
//   node generate.mjs           write site/
//   node generate.mjs --check   write nothing; fail if site/ is not what would be written

import { readFileSync, writeFileSync, mkdirSync, rmSync, readdirSync, existsSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { text } from './src/text.mjs';
import { art } from './src/art.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const site = join(here, 'site');
const products = JSON.parse(readFileSync(join(here, 'products.json'), 'utf8'));
const CATEGORIES = ['tents', 'packs', 'sleep', 'kitchen'];
const FEATURED = ['tent-alcove-2', 'pack-traverse-38', 'sleep-ember-down', 'stove-spark-gas'];
const PAIRS = {
  tents: ['sleep-ember-down', 'sleep-lull-mat', 'stove-spark-gas'],
  packs: ['tent-cirrus-1', 'sleep-lull-mat', 'stove-spark-gas'],
  sleep: ['tent-alcove-2', 'sleep-lull-mat', 'sleep-ember-down', 'pack-traverse-38'],
  kitchen: ['stove-hearth-pots', 'stove-spark-gas', 'tent-meridian-3', 'pack-kelpie-18'],
};

const files = new Map();
const esc = (s) => String(s).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
const url = (lang, path) => (lang === 'zh' ? '/zh/' : '/') + path;
const money = (n) => 'S$' + (Number.isInteger(n) ? String(n) : n.toFixed(2));
const find = (id) => products.find((x) => x.id === id);

// ---- pieces ------------------------------------------------------------------------------

const MARK = `<svg class="mark" viewBox="0 0 48 30" width="40" height="25" aria-hidden="true" focusable="false"><path d="M1 29L18 3l9.5 14L33 9.5 47 29Z" fill="currentColor"/><path d="M18 3l-7.6 11.6L17 11.5l4 5 3.6-3.5Z" fill="#e88a3c"/></svg>`;
const BAG = `<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false"><path d="M5 8h14l1.2 12.5H3.8zM8.5 10.5V7a3.5 3.5 0 0 1 7 0v3.5" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"/></svg>`;
const ICONS = [
  '<path d="M14.5 6.5a5 5 0 0 0-6.6 6.2L3 17.6 6.4 21l4.9-4.9a5 5 0 0 0 6.2-6.6l-3 3-2.6-.4-.4-2.6z"/>',
  '<path d="M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5zM16 4v4M14 6h4"/>',
  '<path d="M7 14a4.5 4.5 0 0 1 .5-9 5.5 5.5 0 0 1 10.4 1.8A3.7 3.7 0 0 1 17.5 14zM8 17.5l-1 3M12.5 17.5l-1 3M17 17.5l-1 3"/>',
].map((d) => `<svg viewBox="0 0 24 24" width="30" height="30" aria-hidden="true" focusable="false"><g fill="none" stroke="currentColor" stroke-width="1.7" stroke-linejoin="round" stroke-linecap="round">${d}</g></svg>`);

const slot = (name, inner, className = '') =>
  `<div class="slot slot--${name}${className && ' ' + className}" data-waymark-slot="${name}">\n${inner}\n</div>`;

const crossStrip = (t) => `<aside class="cross"><div class="wrap">
${slot('cross', `<p class="wm-note">${t.cross}</p>`)}
</div></aside>`;

const stockLine = (t, x) =>
  x.stock === 0 ? `<span class="stock stock--out">${t.outOfStock}</span>`
    : x.stock <= 5 ? `<span class="stock stock--low">${t.lowStock(x.stock)}</span>`
      : `<span class="stock">${t.inStock}</span>`;

const card = (lang, x, level = 3, eager = false) => `<li class="card">
<img class="card__img" src="${x.image}" width="800" height="600" alt="${esc(x.alt[lang])}"${eager ? '' : ' loading="lazy"'}>
<div class="card__text">
<h${level} class="card__name"><a href="${url(lang, `products/${x.id}.html`)}">${esc(x.name[lang])}</a></h${level}>
<p class="card__tag">${esc(x.tagline[lang])}</p>
<p class="card__foot"><span class="price">${money(x.price)}</span>${stockLine(text[lang], x)}</p>
</div>
</li>`;

function consentBanner(t) {
  const c = t.consent;
  const purpose = (key) => `<label class="purpose"><input type="checkbox" name="${key}"><span><strong>${c[key][0]}</strong> ${c[key][1]}</span></label>`;
  return `<section class="consent" id="consent" role="dialog" aria-modal="false" aria-labelledby="consent-title" aria-describedby="consent-text" tabindex="-1" hidden>
<div class="consent__in">
<div class="consent__words">
<h2 id="consent-title">${c.title}</h2>
<p id="consent-text">${c.text}</p>
</div>
<form class="consent__settings" id="consent-settings" hidden>
<fieldset><legend>${c.purposes}</legend>
${purpose('analytics')}
${purpose('personalization')}
${purpose('marketing')}
</fieldset>
<button class="btn btn--line" type="submit">${c.save}</button>
</form>
<div class="consent__buttons">
<button class="btn btn--choice" type="button" data-consent="all">${c.accept}</button>
<button class="btn btn--choice" type="button" data-consent="necessary">${c.necessary}</button>
<button class="btn btn--text" type="button" data-consent="settings" aria-expanded="false" aria-controls="consent-settings">${c.settings}</button>
<button class="btn btn--text" type="button" data-consent="close" hidden>${c.close}</button>
</div>
</div>
</section>`;
}

function layout({ lang, path, page, title, description, main, product, robots }) {
  const t = text[lang];
  const here = path === '' ? '' : path;
  const link = (target, name) => `<a href="${url(lang, target)}"${target === path ? ' aria-current="page"' : ''}>${name}</a>`;
  const nav = CATEGORIES.map((c) => `<li>${link(`${c}.html`, t.categories[c].name)}</li>`).join('\n');
  return `<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${esc(title)}</title>
<meta name="description" content="${esc(description)}">
${robots ? `<meta name="robots" content="${robots}">\n` : ''}<meta name="theme-color" content="#16352a">
<link rel="icon" href="/assets/img/favicon.svg" type="image/svg+xml">
<link rel="alternate" hreflang="en" href="${url('en', here)}">
<link rel="alternate" hreflang="zh" href="${url('zh', here)}">
<link rel="alternate" hreflang="x-default" href="${url('en', here)}">
<link rel="stylesheet" href="/assets/shop.css">
<link rel="modulepreload" href="/assets/catalogue.js">
<script type="module" src="/assets/shop.js"></script>
<script async src="/waymark.js" data-write-key="wk_demo"></script>
</head>
<body data-page="${page}"${product ? ` data-product="${product}"` : ''}>
<a class="skip" href="#main">${t.skip}</a>
${consentBanner(t)}
<header class="top">
<div class="wrap top__in">
<a class="logo" href="${url(lang, '')}" aria-label="${t.home}">${MARK}<span>${t.brand}</span></a>
<nav class="top__nav" aria-label="${t.nav}"><ul>
${nav}
</ul></nav>
<div class="top__tools">
<a class="lang" href="${url(t.otherLang, here)}" lang="${t.otherLang}" hreflang="${t.otherLang}">${t.otherLangName}</a>
<a class="bag" href="${url(lang, 'cart.html')}"${path === 'cart.html' ? ' aria-current="page"' : ''}>${BAG}<span class="bag__word">${t.cart}</span><span class="bag__count" data-cart-count data-label="${t.cartItems}"></span></a>
</div>
</div>
</header>
<main id="main" tabindex="-1">
${main}
</main>
<footer class="foot">
<div class="wrap foot__in">
<div class="foot__brand"><p class="logo">${MARK}<span>${t.brand}</span></p><p>${t.footerLine}</p></div>
<nav class="foot__col" aria-label="${t.footerShop}"><p class="foot__head">${t.footerShop}</p><ul>
${nav}
</ul></nav>
<div class="foot__col"><p class="foot__head">${t.footerHelp}</p><ul>
<li>${link('cart.html', t.cart)}</li>
<li><a href="${url(t.otherLang, here)}" lang="${t.otherLang}" hreflang="${t.otherLang}">${t.otherLangName}</a></li>
<li class="foot__privacy"><button class="linklike" type="button" data-consent-open hidden>${t.privacyChoices}</button></li>
</ul></div>
</div>
<p class="wrap foot__small">${t.small}</p>
</footer>
</body>
</html>
`;
}

// ---- pages -------------------------------------------------------------------------------

function indexPage(lang) {
  const t = text[lang], w = t.waymark;
  const tiles = CATEGORIES.map((c) => {
    const k = t.categories[c];
    return `<li class="tile"><img src="/assets/img/${k.image}.svg" width="800" height="600" alt="" loading="lazy"><div class="tile__text"><h3><a href="${url(lang, `${c}.html`)}">${k.name}</a></h3><p>${k.line}</p></div></li>`;
  }).join('\n');
  const main = `<section class="hero">
<picture class="hero__pic"><source media="(min-width: 760px)" srcset="/assets/img/hero-wide.svg" width="1600" height="900"><img src="/assets/img/hero-tall.svg" width="800" height="1200" alt="" fetchpriority="high"></picture>
<div class="wrap hero__in">
${slot('hero', `<p class="wm-eyebrow">${t.hero.eyebrow}</p>
<h1 class="wm-title">${t.hero.title}</h1>
<p class="wm-lead">${t.hero.lead}</p>
<a class="wm-cta" href="${url(lang, 'tents.html')}">${t.hero.cta}</a>`)}
</div>
</section>
${crossStrip(t)}
<section class="block wrap" aria-labelledby="browse">
<div class="block__head"><h2 id="browse">${t.browse}</h2><p>${t.browseLead}</p></div>
<ul class="tiles">
${tiles}
</ul>
</section>
<section class="block wrap" aria-labelledby="featured">
<div class="block__head"><h2 id="featured">${t.featured}</h2><p>${t.featuredLead}</p><a class="more" href="${url(lang, 'tents.html')}">${t.all}</a></div>
<ul class="grid grid--4">
${FEATURED.map((id) => card(lang, find(id))).join('\n')}
</ul>
</section>
<section class="story" aria-labelledby="story"><div class="wrap story__in">
<img class="story__img" src="/assets/img/ridge.svg" width="1200" height="800" alt="${esc(t.story.alt)}" loading="lazy">
<div class="story__text"><p class="wm-eyebrow">${t.story.eyebrow}</p><h2 id="story">${t.story.title}</h2><p>${t.story.lead}</p></div>
</div></section>
<section class="wrap values"><ul>
${t.values.map(([a, b], i) => `<li>${ICONS[i]}<h3>${a}</h3><p>${b}</p></li>`).join('\n')}
</ul></section>
<section class="wrap knows"><details>
<summary>${w.title}</summary>
<p class="knows__intro">${w.intro}</p>
<p data-knows-nothing>${w.nothing}</p>
<dl data-knows data-none="${w.none}" data-own="${w.own}" data-rule="${w.rule}" hidden>
<dt>${w.segments}</dt><dd data-knows-segments></dd>
<dt>${w.stage}</dt><dd data-knows-stage></dd>
<dt>${w.slots}</dt><dd><ul data-knows-slots></ul></dd>
<dt>${w.until}</dt><dd data-knows-until></dd>
<dt>${w.pack}</dt><dd><code data-knows-pack></code></dd>
</dl>
</details></section>`;
  return layout({ lang, path: '', page: 'index', title: t.titles.index, description: t.siteDescription, main });
}

function listPage(lang, category) {
  const t = text[lang], k = t.categories[category];
  const list = products.filter((x) => x.category === category);
  const main = `${crossStrip(t)}
<section class="wrap listing">
<div class="listing__head"><h1>${k.title}</h1><p class="lead">${k.lead}</p><p class="listing__count">${t.count(list.length)}</p></div>
<ul class="grid grid--${list.length % 3 === 0 ? 3 : list.length === 2 ? 2 : 4}">
${list.map((x, i) => card(lang, x, 2, i < 3)).join('\n')}
</ul>
</section>`;
  return layout({ lang, path: `${category}.html`, page: 'list', product: '', title: `${k.title} – ${t.brand}`, description: k.lead, main })
    .replace('data-page="list"', `data-page="list" data-category="${category}"`);
}

function productPage(lang, x) {
  const t = text[lang], k = t.categories[x.category];
  const pairs = PAIRS[x.category].filter((id) => id !== x.id).slice(0, 3).map(find);
  const max = Math.min(x.stock, 9);
  const buy = x.stock === 0
    ? `<p class="soldout">${t.soldOut}</p>`
    : `<form class="buy" data-add="${x.id}">
<div class="buy__row">
<label for="quantity">${t.quantity}</label>
<select id="quantity" name="quantity">${Array.from({ length: max }, (_, i) => `<option>${i + 1}</option>`).join('')}</select>
<button class="btn btn--main" type="submit">${t.add}</button>
</div>
<p class="buy__status" role="status" data-added="${t.added}"></p>
<p class="buy__go"><a href="${url(lang, 'cart.html')}" data-view-cart hidden>${t.viewCart}</a></p>
</form>
<noscript><p class="needs-scripts">${t.needsScripts}</p></noscript>`;
  const main = `<nav class="wrap crumbs" aria-label="${t.crumbHome}"><ol><li><a href="${url(lang, '')}">${t.crumbHome}</a></li><li><a href="${url(lang, `${x.category}.html`)}">${k.name}</a></li><li aria-current="page">${esc(x.name[lang])}</li></ol></nav>
<article class="wrap product">
<div class="product__pic"><img src="${x.image}" width="800" height="600" alt="${esc(x.alt[lang])}" fetchpriority="high"></div>
<div class="product__text">
<p class="wm-eyebrow">${k.name}</p>
<h1>${esc(x.name[lang])}</h1>
<p class="product__tag">${esc(x.tagline[lang])}</p>
<p class="product__price"><span class="price">${money(x.price)}</span>${stockLine(t, x)}</p>
<p class="product__desc">${esc(x.description[lang])}</p>
${buy}
${slot('shipping', `<p class="wm-note">${t.shipping}</p>`)}
<h2 class="product__h">${t.details}</h2>
<dl class="specs">
${x.specs[lang].map(([a, b]) => `<div><dt>${esc(a)}</dt><dd>${esc(b)}</dd></div>`).join('\n')}
</dl>
</div>
</article>
<section class="block wrap" aria-labelledby="related">
<div class="block__head"><h2 id="related">${t.related}</h2></div>
<ul class="grid grid--3">
${pairs.map((y) => card(lang, y)).join('\n')}
</ul>
</section>`;
  return layout({ lang, path: `products/${x.id}.html`, page: 'product', product: x.id, title: `${x.name[lang]} – ${t.brand}`, description: x.description[lang], main });
}

const totals = (t) => `<dl class="totals">
<div><dt>${t.subtotal}</dt><dd data-subtotal></dd></div>
<div><dt>${t.delivery}</dt><dd data-delivery data-free="${t.free}"></dd></div>
<div class="totals__sum"><dt>${t.total}</dt><dd data-total></dd></div>
</dl>`;

const emptyCart = (t, lang) => `<div class="empty" data-cart-empty hidden>
<p class="empty__title" tabindex="-1">${t.cartEmpty}</p><p>${t.cartEmptyLead}</p>
<a class="btn btn--main" href="${url(lang, 'tents.html')}">${t.categories.tents.name}</a>
</div>`;

function cartPage(lang) {
  const t = text[lang];
  const main = `<div class="wrap cart">
<h1>${t.cartTitle}</h1>
${slot('cart-note', `<p class="wm-note">${t.cartNote}</p>`)}
<noscript><p class="needs-scripts">${t.cartNeedsScripts}</p></noscript>
<p class="sr" role="status" data-cart-status data-removed="${t.removed}"></p>
${emptyCart(t, lang)}
<div class="cart__full" data-cart-full hidden>
<ul class="lines" data-cart-lines></ul>
<section class="summary" aria-labelledby="summary"><h2 id="summary">${t.summary}</h2>
${totals(t)}
<a class="btn btn--main btn--wide" href="${url(lang, 'checkout.html')}">${t.toCheckout}</a>
<a class="more" href="${url(lang, '')}">${t.keepLooking}</a>
</section>
</div>
<template id="cart-line"><li class="line">
<img class="line__img" width="800" height="600" alt="">
<div class="line__text"><h2 class="line__name"><a></a></h2><p class="line__each"></p></div>
<label class="line__qty"><span>${t.quantity}</span><select></select></label>
<p class="line__sum"></p>
<button class="linklike line__remove" type="button">${t.remove}</button>
</li></template>
</div>`;
  return layout({ lang, path: 'cart.html', page: 'cart', title: t.titles.cart, description: t.siteDescription, robots: 'noindex', main });
}

function checkoutPage(lang) {
  const t = text[lang];
  const main = `<div class="wrap cart">
<h1>${t.checkoutTitle}</h1>
<p class="lead">${t.checkoutLead}</p>
<noscript><p class="needs-scripts">${t.checkoutNeedsScripts}</p></noscript>
${emptyCart(t, lang)}
<div class="cart__full" data-cart-full hidden>
<form class="order" data-checkout novalidate>
<div class="field"><label for="name">${t.name}</label><input id="name" name="name" type="text" autocomplete="name" required aria-describedby="name-error"><p class="field__error" id="name-error" data-error="${t.errName}"></p></div>
<div class="field"><label for="email">${t.email}</label><input id="email" name="email" type="email" autocomplete="email" inputmode="email" required aria-describedby="email-error"><p class="field__error" id="email-error" data-error="${t.errEmail}"></p></div>
<button class="btn btn--main btn--wide" type="submit">${t.place}</button>
</form>
<section class="summary" aria-labelledby="summary"><h2 id="summary">${t.yourOrder}</h2>
<ul class="mini" data-order-lines></ul>
${totals(t)}
</section>
</div>
</div>`;
  return layout({ lang, path: 'checkout.html', page: 'checkout', title: t.titles.checkout, description: t.siteDescription, robots: 'noindex', main });
}

function messagePage(lang, { path, page, title, heading, lead, back, extra = '' }) {
  const t = text[lang];
  const main = `<section class="message"><picture class="hero__pic"><source media="(min-width: 760px)" srcset="/assets/img/hero-wide.svg" width="1600" height="900"><img src="/assets/img/hero-tall.svg" width="800" height="1200" alt=""></picture>
<div class="wrap message__in"><h1 class="wm-title">${heading}</h1><p class="wm-lead">${lead}</p>${extra}<a class="wm-cta" href="${url(lang, '')}">${back}</a></div></section>`;
  return layout({ lang, path, page, title, description: t.siteDescription, robots: 'noindex', main });
}

// ---- write it all ------------------------------------------------------------------------

for (const lang of ['en', 'zh']) {
  const t = text[lang];
  const put = (path, html) => files.set((lang === 'zh' ? 'zh/' : '') + path, html);
  put('index.html', indexPage(lang));
  for (const c of CATEGORIES) put(`${c}.html`, listPage(lang, c));
  for (const x of products) put(`products/${x.id}.html`, productPage(lang, x));
  put('cart.html', cartPage(lang));
  put('checkout.html', checkoutPage(lang));
  put('thanks.html', messagePage(lang, {
    path: 'thanks.html', page: 'thanks', title: t.titles.thanks, heading: t.thanksTitle, lead: t.thanksLead, back: t.thanksBack,
    extra: `<p class="message__order"><span data-order-id data-label="${t.orderNumber}"></span></p>`,
  }));
  put('404.html', messagePage(lang, { path: '404.html', page: '404', title: t.titles.notFound, heading: t.notFoundTitle, lead: t.notFoundLead, back: t.notFoundBack }));
}
for (const [name, picture] of Object.entries(art)) files.set(`assets/img/${name}.svg`, picture);
for (const name of ['shop.css', 'shop.js']) files.set(`assets/${name}`, readFileSync(join(here, 'src', name), 'utf8'));
files.set('assets/catalogue.js', `// Written by generate.mjs from products.json.\nexport default ${JSON.stringify(
  Object.fromEntries(products.map(({ id, name, category, price, stock, image }) => [id, { name, category, price, stock, image }])), null, 1)};\n`);
files.set('products.json', JSON.stringify(products, null, 2) + '\n');

const walk = (dir) => existsSync(dir)
  ? readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(join(dir, e.name)) : [relative(site, join(dir, e.name)).split(sep).join('/')]))
  : [];

if (process.argv.includes('--check')) {
  const onDisk = walk(site);
  const wrong = [
    ...onDisk.filter((f) => !files.has(f)),
    ...[...files].filter(([f, s]) => !onDisk.includes(f) || readFileSync(join(site, f), 'utf8') !== s).map(([f]) => f),
  ];
  if (wrong.length) {
    console.error(`site/ is stale, run: node generate.mjs\n  ${wrong.join('\n  ')}`);
    process.exit(1);
  }
  console.log(`site/ is up to date (${files.size} files)`);
} else {
  rmSync(site, { recursive: true, force: true });
  for (const [f, s] of files) {
    mkdirSync(dirname(join(site, f)), { recursive: true });
    writeFileSync(join(site, f), s);
  }
  console.log(`wrote ${files.size} files to site/`);
}
