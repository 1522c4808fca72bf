// The shop's pictures, drawn by hand as flat SVG. Each entry of `art` becomes
// site/assets/img/<name>.svg. No style attributes, no scripts, no outside references.

const grad = (id, stops, horizontal = false) =>
  `<linearGradient id="${id}" x1="0" y1="0" x2="${horizontal ? 1 : 0}" y2="${horizontal ? 0 : 1}">` +
  stops.map((c, i) => `<stop offset="${+(i / (stops.length - 1)).toFixed(3)}" stop-color="${c}"/>`).join('') +
  `</linearGradient>`;

const glow = (id, color, strength = 0.9) =>
  `<radialGradient id="${id}"><stop offset="0" stop-color="${color}" stop-opacity="${strength}"/>` +
  `<stop offset="1" stop-color="${color}" stop-opacity="0"/></radialGradient>`;

const svg = (w, h, defs, body) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}">\n` +
  `<defs>${defs}</defs>\n${body.trim().replace(/\n\s+/g, '\n')}\n</svg>\n`;

const p = (d, fill, more = '') => `<path d="${d}" fill="${fill}"${more && ' ' + more}/>`;
const line = (d, stroke, width = 4, more = '') =>
  `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"${more && ' ' + more}/>`;

/** A pine with its foot at (x, y). */
const pine = (x, y, h, fill) => {
  const w = h * 0.2, r = Math.round;
  const tier = (top, bottom, half) => `M${x} ${r(y - h * top)}L${r(x + half)} ${r(y - h * bottom)}Q${x} ${r(y - h * bottom + h * 0.05)} ${r(x - half)} ${r(y - h * bottom)}Z`;
  return p(`${tier(1, 0.62, w * 0.62)}${tier(0.8, 0.36, w * 0.85)}${tier(0.58, 0.09, w)}M${r(x - h * 0.022)} ${r(y - h * 0.12)}h${r(h * 0.045)}V${y}h-${r(h * 0.045)}Z`, fill);
};

/** The same stars on every run. */
const stars = (n, w, h, seed) => {
  let s = seed, out = '';
  const next = () => (s = (s * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let i = 0; i < n; i++) {
    const x = Math.round(next() * w), y = Math.round(next() ** 1.4 * h), r = (0.7 + next() ** 3 * 2.1).toFixed(1);
    out += `<circle cx="${x}" cy="${y}" r="${r}" opacity="${(0.35 + next() * 0.6).toFixed(2)}"/>`;
  }
  return `<g fill="#fff6e0">${out}</g>`;
};

// ---- backdrops (800 x 600) ---------------------------------------------------------------

function outdoors({ sky, sun, far, mid, ground, trees, sunX = 590, snow = false }, defs, body) {
  return svg(800, 600, grad('sky', sky) + grad('ground', ground) + defs, `
    <rect width="800" height="600" fill="url(#sky)"/>
    <circle cx="${sunX}" cy="150" r="58" fill="${sun}"/>
    ${p('M0 372L84 296 140 330 262 206 352 306 424 252 540 344 640 238 724 306 800 262V600H0Z', far)}
    ${snow ? p('M262 206L226 243 250 238 266 256 288 240 306 255ZM640 238L612 267 632 262 648 274 672 264Z', '#ffffff', 'opacity=".85"') : ''}
    ${p('M0 412C130 346 240 398 360 384S630 334 800 398V600H0Z', mid)}
    ${[[38, 452, 150], [92, 456, 108], [722, 452, 166], [772, 458, 118], [676, 448, 92]].map(([x, y, h]) => pine(x, y, h, trees)).join('')}
    ${p('M0 462C210 430 560 432 800 464V600H0Z', 'url(#ground)')}
    ${body}`);
}

function studio({ bg, disc, line: contour }, defs, body) {
  return svg(800, 600, grad('bg', bg) + defs, `
    <rect width="800" height="600" fill="url(#bg)"/>
    <g fill="none" stroke="${contour}" stroke-width="2" opacity=".5">
      <path d="M-20 120C90 60 190 130 300 84S520 20 830 110"/><path d="M-20 166C100 104 196 176 312 128S530 70 830 156"/>
      <path d="M-20 214C110 150 200 222 322 174S540 122 830 204"/><path d="M-20 264C120 200 210 268 332 222S548 176 830 254"/>
      <path d="M-20 316C130 254 220 314 342 272S556 232 830 306"/>
    </g>
    <circle cx="400" cy="306" r="222" fill="${disc}"/>
    <ellipse cx="400" cy="538" rx="238" ry="20" fill="#0d1a15" opacity=".22"/>
    ${body}`);
}

const peg = (x1, y1, x2, y2, c = '#f7f0df') => line(`M${x1} ${y1}L${x2} ${y2}`, c, 2.5, 'opacity=".85"') + line(`M${x2 - 4} ${y2 - 8}l7 14`, c, 4);
const shadow = (cx, cy, rx) => `<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="17" fill="#0d1a15" opacity=".28"/>`;

// ---- the hero: a lit tent under a night sky ---------------------------------------------

function litTent(x, y, k) {
  return `<g transform="translate(${x} ${y}) scale(${k})">
    <ellipse cx="0" cy="-60" rx="420" ry="250" fill="url(#halo)"/>
    <ellipse cx="0" cy="4" rx="250" ry="18" fill="#040d0c" opacity=".55"/>
    ${p('M-210 0C-196-104-112-206 0-210C112-206 196-104 210 0Z', 'url(#lit)')}
    ${p('M0-210C112-206 196-104 210 0L112 0C106-96 64-178 0-210Z', '#b4481d', 'opacity=".62"')}
    ${p('M0-210C-112-206-196-104-210 0L-112 0C-106-96-64-178 0-210Z', '#ffc873', 'opacity=".42"')}
    ${p('M-84 0C-78-76-46-138 0-158C46-138 78-76 84 0Z', 'url(#inside)')}
    ${p('M-84 0C-78-76-46-138 0-158C-30-110-46-58-52 0Z', '#e98a3a')}
    ${p('M84 0C78-76 46-138 0-158C30-110 46-58 52 0Z', '#c65f25')}
    ${line('M0-158V-122', '#6f2b0f', 3)}<circle cx="0" cy="-112" r="10" fill="#fffbe6"/>
    ${p('M-30 0c0-24 8-40 20-40s18 16 20 40Z', '#7a3413', 'opacity=".75"')}<circle cx="-9" cy="-52" r="12" fill="#7a3413" opacity=".75"/>
    ${line('M-112 0C-106-96-64-178 0-210C64-178 106-96 112 0', '#7d3110', 3, 'opacity=".55"')}
    ${line('M-176-78L-262 6M176-78L262 6', '#ffdca3', 2, 'opacity=".55"')}
  </g>`;
}

function night(w, h, tent, moon) {
  const X = (v) => Math.round((v / 1600) * w), Y = (v) => Math.round(h - (900 - v) * (h > w ? 1 : h / 900));
  const ridge = (pts) => 'M' + pts.map(([x, y]) => `${X(x)} ${Y(y)}`).join('L') + `L${w} ${h}H0Z`;
  const defs = grad('sky', ['#07131f', '#0d2536', '#1a4452', '#3f6f72', '#c98f63']) + grad('r1', ['#35616a', '#2a4f59']) +
    grad('r2', ['#1e434d', '#173640']) + grad('r3', ['#122e33', '#0d2427']) + grad('lake', ['#5c7d78', '#1a3d45']) +
    grad('lit', ['#f59a43', '#ffbd62', '#ee8636']) + grad('inside', ['#ffe7a8', '#ffc764']) +
    glow('halo', '#ffb552', 0.5) + glow('moonglow', '#fff3d0', 0.45);
  const k = tent.k;
  const trees = h > w
    ? [[20, 330], [84, 240], [140, 170], [716, 210], [776, 330], [660, 150]]
    : [[24, 400], [92, 300], [150, 350], [214, 230], [262, 180], [1580, 400], [1516, 310], [1460, 240], [1412, 180], [780, 110], [826, 140], [868, 96]];
  return svg(w, h, defs, `
    <rect width="${w}" height="${h}" fill="url(#sky)"/>
    ${p(`M${X(1000)} 0C${X(1140)} ${h * 0.2} ${X(1280)} ${h * 0.3} ${w} ${h * 0.34}V${h * 0.2}C${X(1400)} ${h * 0.16} ${X(1290)} ${h * 0.08} ${X(1220)} 0Z`, '#bfe0e0', 'opacity=".06"')}
    ${stars(h > w ? 150 : 230, w, h * 0.62, 20261)}
    <circle cx="${moon[0]}" cy="${moon[1]}" r="${moon[2] * 3.4}" fill="url(#moonglow)"/>
    <circle cx="${moon[0]}" cy="${moon[1]}" r="${moon[2]}" fill="#fdf1d2"/>
    <g fill="#e9d9b0" opacity=".7"><circle cx="${moon[0] - moon[2] * 0.3}" cy="${moon[1] - moon[2] * 0.2}" r="${moon[2] * 0.2}"/><circle cx="${moon[0] + moon[2] * 0.28}" cy="${moon[1] + moon[2] * 0.3}" r="${moon[2] * 0.14}"/></g>
    ${p(ridge([[0, 560], [130, 470], [230, 520], [400, 400], [520, 500], [640, 450], [800, 540], [960, 420], [1080, 330], [1190, 430], [1270, 390], [1420, 500], [1510, 440], [1600, 490]]), 'url(#r1)')}
    ${p(`M${X(1080)} ${Y(330)}L${X(1024)} ${Y(376)} ${X(1060)} ${Y(366)} ${X(1078)} ${Y(392)} ${X(1104)} ${Y(364)} ${X(1134)} ${Y(379)}ZM${X(400)} ${Y(400)}L${X(350)} ${Y(436)} ${X(386)} ${Y(430)} ${X(408)} ${Y(448)} ${X(428)} ${Y(426)}Z`, '#d9ecea', `opacity="${h > w ? '.2' : '.5'}"`)}
    ${p(ridge([[0, 640], [170, 560], [330, 620], [470, 570], [640, 650], [830, 600], [1010, 650], [1210, 560], [1380, 640], [1600, 570]]), 'url(#r2)')}
    ${p(`M0 ${Y(690)}H${w}V${Y(775)}H0Z`, 'url(#lake)')}
    <g stroke="#e9d3a4" stroke-width="2" stroke-linecap="round" opacity=".45"><path d="M${X(980)} ${Y(706)}h${X(180)}M${X(1030)} ${Y(722)}h${X(120)}M${X(300)} ${Y(712)}h${X(150)}M${X(1190)} ${Y(738)}h${X(90)}M${X(520)} ${Y(734)}h${X(110)}"/></g>
    ${p(`M0 ${Y(742)}C${X(300)} ${Y(700)} ${X(520)} ${Y(786)} ${X(860)} ${Y(766)}S${X(1360)} ${Y(726)} ${w} ${Y(752)}V${h}H0Z`, 'url(#r3)')}
    ${trees.map(([x, th]) => pine(x, Y(790), th, '#0a1f22')).join('')}
    ${litTent(tent.x, tent.y, k)}
    ${p(`M0 ${Y(860)}C${X(260)} ${Y(820)} ${X(620)} ${Y(876)} ${X(960)} ${Y(858)}S${X(1450)} ${Y(850)} ${w} ${Y(862)}V${h}H0Z`, '#081a1b')}`);
}

// ---- everything --------------------------------------------------------------------------

const meadow = { sky: ['#bfdfe3', '#f6ead6'], sun: '#fff6df', far: '#a3c2bd', mid: '#7ba693', ground: ['#5d8b66', '#44704f'], trees: '#3f6e58' };
const dusk = { sky: ['#43597c', '#c98a83', '#f3c79a'], sun: '#fff0c9', far: '#8a7a93', mid: '#66657f', ground: ['#4f5a5c', '#39474b'], trees: '#3c4657', sunX: 210 };
const alpine = { sky: ['#cfe2ee', '#eef4f4'], sun: '#ffffff', far: '#a7bfd0', mid: '#c5d6df', ground: ['#f3f8fa', '#d5e3ea'], trees: '#54758a', snow: true, sunX: 200 };
const steppe = { sky: ['#f4d9b4', '#fbeeda'], sun: '#fff8e6', far: '#d3b08f', mid: '#b99a72', ground: ['#a58a58', '#8a7145'], trees: '#7b7a4d', sunX: 180 };
const coast = { sky: ['#f6cfa6', '#fbe7cd'], sun: '#fff5dc', far: '#c9b5a6', mid: '#9db0a0', ground: ['#86986d', '#6b8059'], trees: '#5d7a63', sunX: 610 };
const rainforest = { sky: ['#a9c9bd', '#dbe9d8'], sun: '#f4f8e4', far: '#8fb5a3', mid: '#659680', ground: ['#48785c', '#335b46'], trees: '#3b6d55' };

export const art = {
  'hero-wide': night(1600, 900, { x: 1150, y: 822, k: 0.98 }, [1350, 218, 44]),
  'hero-tall': night(800, 1200, { x: 420, y: 1128, k: 0.98 }, [650, 560, 34]),

  // Sunrise, two walkers on a ridge
  'ridge': svg(1200, 800, grad('sky', ['#7fb0b5', '#d7d5b5', '#f7c98f', '#f2a66b']) + grad('a', ['#d99a72', '#c9886a']) + grad('b', ['#8c7266', '#75675f']) + grad('c', ['#3a5148', '#25392f']) + glow('sg', '#fff4cf'), `
    <rect width="1200" height="800" fill="url(#sky)"/>
    <circle cx="760" cy="400" r="330" fill="url(#sg)"/><circle cx="760" cy="400" r="88" fill="#fffaf0"/>
    ${p('M0 500L140 400 230 450 380 310 500 440 600 400 740 500 900 370 1010 450 1100 400 1200 470V800H0Z', 'url(#a)', 'opacity=".75"')}
    ${p('M0 600C160 500 300 560 460 540S760 470 900 540 1100 540 1200 500V800H0Z', 'url(#b)', 'opacity=".8"')}
    ${[[60, 690, 150], [130, 700, 110], [1060, 690, 170], [1140, 700, 130], [990, 690, 100]].map(([x, y, h]) => pine(x, y, h, '#2e453b')).join('')}
    ${p('M0 720C180 660 360 690 520 620S800 560 920 640 1100 700 1200 690V800H0Z', 'url(#c)')}
    <g fill="#16241d"><g transform="translate(640 592)"><circle cx="0" cy="-92" r="12"/><path d="M-12-78q12-6 22 0l6 40 10 36-10 4-14-34-12 36-10-2 8-40Z"/><path d="M-14-78q-22 2-20 24t14 20l8-2Z" fill="#b8430f"/><path d="M8-66l26 18-2 5-28-12Z"/></g>
    <g transform="translate(736 586) scale(.92)"><circle cx="0" cy="-92" r="12"/><path d="M-12-78q12-6 22 0l6 40 6 36-10 4-10-34-14 36-10-2 10-40Z"/><path d="M-14-78q-22 2-20 24t14 20l8-2Z" fill="#e0a83f"/><path d="M8-66l24 20-2 5-26-14Z"/></g></g>
    ${line('M674 546L684 598M766 542L776 592', '#16241d', 4)}`),

  'tent-alcove-2': outdoors(meadow, grad('f', ['#f5a04e', '#df6a2c']), `
    ${shadow(400, 512, 290)}${peg(204, 372, 92, 520)}${peg(596, 372, 708, 520)}
    ${p('M150 510C166 384 256 206 400 202C544 206 634 384 650 510Z', 'url(#f)')}
    ${p('M400 202C544 206 634 384 650 510L528 510C522 384 474 254 400 202Z', '#bd4f1d', 'opacity=".75"')}
    ${p('M400 202C256 206 166 384 150 510L272 510C278 384 326 254 400 202Z', '#ffc27c', 'opacity=".6"')}
    ${p('M304 510C310 412 346 318 400 282C454 318 490 412 496 510Z', '#4a2615')}
    ${p('M332 510c4-44 30-66 68-66s64 22 68 66Z', '#7f4423')}${p('M340 510c14-22 36-30 60-30s46 8 60 30Z', '#e9dcc3')}
    ${p('M304 510C310 412 346 318 400 282C356 350 344 420 340 510Z', '#ffd7a3')}${p('M496 510C490 412 454 318 400 282C444 350 456 420 460 510Z', '#d36a30')}
    ${line('M272 510C278 384 326 254 400 202C474 254 522 384 528 510', '#8a3812', 4, 'opacity=".55"')}
    ${p('M360 226q40-40 80 0q-40-14-80 0Z', '#8a3812', 'opacity=".7"')}`),

  'tent-meridian-3': outdoors(dusk, grad('f', ['#5fa39a', '#2f736e']) + grad('g', ['#3d8b84', '#235e5b']) + grad('w', ['#ffe6ab', '#f5b15a']), `
    ${shadow(410, 514, 320)}${peg(600, 300, 752, 522)}${peg(140, 360, 56, 522)}
    ${p('M232 240C310 258 370 246 436 230C506 242 560 266 612 290C676 338 712 420 722 508L232 512Z', 'url(#g)')}
    ${p('M232 240C310 258 370 246 436 230C506 286 534 396 536 510L232 512Z', 'url(#f)')}
    ${p('M612 290C676 338 712 420 722 508L668 509C664 424 648 344 612 290Z', '#1b4b4a')}
    ${line('M436 230C506 286 534 396 536 510M612 290C648 344 664 424 668 509', '#c8e4d6', 4, 'opacity=".55"')}
    ${p('M112 512C114 348 160 240 232 240C304 240 348 348 350 512Z', '#7dbcae')}
    ${p('M154 512C156 396 186 300 232 292C278 300 306 396 308 512Z', 'url(#w)')}
    ${p('M154 512C156 396 186 300 232 292C204 350 190 424 188 512Z', '#3d8b84')}
    ${p('M204 512c2-30 14-44 30-44s30 14 32 44Z', '#a85e2a', 'opacity=".7"')}
    ${line('M112 512C114 348 160 240 232 240C304 240 348 348 350 512', '#e4f3e6', 4, 'opacity=".7"')}
    ${p('M396 372h72q8 0 8 8v40q0 8-8 8h-62q-8 0-8-8Z', '#f9d08b')}${line('M436 372v56M398 400h78', '#2f736e', 4)}`),

  'tent-cirrus-1': outdoors({ ...alpine, ground: ['#93ab93', '#748f78'], mid: '#a9bfb4' }, grad('f', ['#f4eedd', '#d3cdb6']) + grad('g', ['#b9b79f', '#8d917c']), `
    ${shadow(410, 522, 296)}${peg(400, 180, 86, 470, '#fffdf4')}${peg(400, 180, 748, 466, '#fffdf4')}
    ${p('M400 176Q306 404 116 512Q300 508 462 530Q424 350 400 176Z', 'url(#f)')}
    ${p('M400 176Q424 350 462 530Q580 514 702 500Q500 400 400 176Z', 'url(#g)')}
    ${p('M396 238Q352 420 270 512Q340 512 420 524Q408 380 396 238Z', '#38413a')}
    ${p('M300 513q20-30 62-30t52 40Q350 513 300 513Z', '#c2582a')}
    ${p('M396 238Q352 420 270 512L236 510Q338 420 396 238Z', '#ffffff', 'opacity=".9"')}
    ${line('M398 186L408 520', '#c9632c', 6)}${line('M400 176Q424 350 462 530', '#f7f2e2', 3)}
    ${line('M480 512L440 316M560 508L430 270M632 504L418 230', '#737863', 2, 'opacity=".6"')}
    <circle cx="400" cy="174" r="8" fill="#c2582a"/>`),

  'tent-basecamp-4': outdoors(alpine, '', `
    ${shadow(400, 520, 300)}${peg(186, 380, 76, 524, '#5b7486')}${peg(614, 380, 724, 524, '#5b7486')}
    ${[['140 508 172 396 258 518', '#c8371f'], ['172 396 300 378 258 518', '#e04a2a'], ['258 518 300 378 400 524', '#c8371f'], ['300 378 500 378 400 524', '#f0673d'],
      ['400 524 500 378 542 518', '#b52e19'], ['542 518 500 378 628 396', '#c8371f'], ['542 518 628 396 660 508', '#9d2413'], ['172 396 254 266 300 378', '#f5824f'],
      ['300 378 254 266 400 286', '#ea5a33'], ['300 378 400 286 500 378', '#d8452a'], ['500 378 400 286 546 266', '#c8371f'], ['500 378 546 266 628 396', '#a92915'],
      ['254 266 338 198 400 286', '#f89a63'], ['338 198 462 198 400 286', '#f4743f'], ['400 286 462 198 546 266', '#d8452a']]
      .map(([pts, c]) => `<polygon points="${pts}" fill="${c}" stroke="#ffd9b0" stroke-width="3.5" stroke-linejoin="round"/>`).join('')}
    ${p('M322 524C322 442 352 402 400 402C448 402 478 442 478 524Z', '#fbe3c0', 'stroke="#8e2413" stroke-width="4"')}
    ${line('M400 402V524M400 452c30 6 52 30 60 72', '#8e2413', 4)}
    ${p('M60 546C110 540 130 512 180 510S250 526 290 528 350 520 400 526 480 530 520 526 580 508 630 512 700 540 750 546Z', '#f3f8fa')}`),

  'tent-monsoon-tarp': outdoors(rainforest, grad('f', ['#e2b13c', '#b98219']) + grad('h', ['#d96a3a', '#a8431d']) + grad('t', ['#5a4634', '#3f3024'], true), `
    ${p('M116 0h52l10 530h-72Z', 'url(#t)')}${p('M632 0h52l10 530h-72Z', 'url(#t)')}
    ${p('M0 0h800v60C720 120 660 50 600 96S480 40 400 84 260 40 190 100 70 60 0 110Z', '#2c5844')}
    ${line('M142 190H658', '#f7f0df', 4)}
    ${p('M216 190H584Q630 270 716 338Q560 316 400 322T84 338Q170 270 216 190Z', 'url(#f)')}
    ${line('M400 190V321M306 190Q284 270 244 322M494 190Q516 270 556 322', '#8f6413', 3, 'opacity=".6"')}
    ${line('M84 338L40 508M716 338L760 508', '#f7f0df', 2.5)}
    ${line('M146 350L208 386M654 350L592 386', '#f7f0df', 5)}
    ${p('M204 380Q400 448 596 380Q560 508 400 510Q240 508 204 380Z', 'url(#h)')}
    ${p('M204 380Q400 448 596 380Q570 432 400 438Q230 432 204 380Z', '#ef9462')}
    ${p('M240 404q44-34 92-14l10 36q-60 2-102-22Z', '#f3ead4')}
    ${line('M300 440Q320 494 360 508M400 438V510M500 440Q480 494 440 508', '#7e3011', 3, 'opacity=".5"')}
    <g stroke="#f3fbf4" stroke-width="3" stroke-linecap="round" opacity=".5"><path d="M60 180l-8 26M250 130l-8 26M330 100l-8 26M480 110l-8 26M560 140l-8 26M740 200l-8 26M30 290l-8 26M770 320l-8 26M420 140l-8 26"/></g>
    <ellipse cx="400" cy="548" rx="190" ry="14" fill="#0d1a15" opacity=".28"/>`),

  'tent-bellweather-6': outdoors(coast, grad('f', ['#fff7e4', '#ead9b6']) + grad('w', ['#f3e5c6', '#dcc79d']), `
    ${shadow(400, 520, 300)}${peg(190, 408, 66, 522, '#fffaf0')}${peg(610, 408, 734, 522, '#fffaf0')}
    ${p('M168 424L158 512Q400 534 642 512L632 424Z', 'url(#w)')}
    ${p('M400 138Q330 336 142 428Q400 458 658 428Q470 336 400 138Z', 'url(#f)')}
    ${p('M400 138Q470 336 658 428Q590 440 528 445Q456 340 400 138Z', '#cdb383', 'opacity=".55"')}
    ${line('M400 138Q344 340 272 445M400 138Q456 340 528 445M272 445L266 522M528 445L534 522', '#b0925c', 3, 'opacity=".7"')}
    ${p('M400 262Q376 410 336 524H464Q424 410 400 262Z', '#5a3d26')}
    ${p('M356 524q8-36 44-36t44 36Z', '#d98a4b')}<circle cx="400" cy="440" r="9" fill="#ffe9b0"/>${line('M400 400V432', '#ffe9b0', 3)}
    ${p('M400 262Q376 410 336 524L304 522Q322 470 352 440Q388 360 400 262Z', '#fffaf0')}${p('M400 262Q424 410 464 524L496 522Q478 470 448 440Q412 360 400 262Z', '#e6d3ab')}
    ${line('M352 440l-8 8M448 440l8 8', '#b8430f', 6)}${line('M400 138V104', '#7a5a35', 6)}${p('M402 104l44 12-44 14Z', '#b8430f')}
    ${line('M142 428Q400 458 658 428', '#b8430f', 5)}`),

  'pack-kelpie-18': studio({ bg: ['#f3e7d2', '#e3cfae'], disc: '#f9f1e1', line: '#c8ab7d' }, grad('f', ['#e7b043', '#c78617']) + grad('g', ['#d69a2b', '#a96c0f']), `
    ${line('M362 168C362 108 438 108 438 168', '#3b3325', 12)}
    ${p('M508 330h38q16 0 16 16v140q0 18-18 18h-36Z', '#8d5d10')}${p('M522 276h28v62h-28Z', '#4e8f94')}${p('M527 262h18v16h-18Z', '#2f3f40')}
    ${p('M262 496V304C262 206 322 154 400 154C478 154 538 206 538 304V496Q538 538 496 538H304Q262 538 262 496Z', 'url(#f)')}
    ${p('M490 194C522 222 538 258 538 304V496Q538 538 496 538H462C486 500 500 300 490 194Z', '#9c640c', 'opacity=".35"')}
    ${line('M288 318C288 226 334 184 400 184S512 226 512 318', '#6d4708', 5)}${line('M512 318v22', '#3b3325', 7)}
    ${p('M296 380Q296 362 314 362H486Q504 362 504 380V486Q504 510 480 510H320Q296 510 296 486Z', 'url(#g)')}
    ${line('M316 386H484', '#6d4708', 5)}${line('M468 386v22', '#3b3325', 7)}
    <rect x="364" y="254" width="72" height="46" rx="8" fill="#fbf3df"/>${p('M376 290l16-22 10 12 8-10 16 20Z', '#b8430f')}`),

  'pack-traverse-38': studio({ bg: ['#dbe7e1', '#bcd0c6'], disc: '#eef4ee', line: '#8fb0a1' }, grad('f', ['#3f7f6b', '#27594a']) + grad('l', ['#4f9580', '#347260']) + grad('m', ['#e5a35a', '#c27630']), `
    ${line('M364 112C364 70 436 70 436 112', '#17332a', 12)}
    ${p('M236 380h46v118h-30q-20 0-20-20Z', '#1f4a3d')}${p('M518 380h46l4 98q0 20-20 20h-30Z', '#1f4a3d')}${p('M538 300h30v90h-30Z', '#c9d8dc')}${p('M543 284h20v18h-20Z', '#b8430f')}
    ${p('M270 470V200Q270 164 306 164H494Q530 164 530 200V470Q530 500 500 500H300Q270 500 270 470Z', 'url(#f)')}
    ${p('M486 164h8q36 0 36 36V470q0 30-30 30h-34C490 440 500 260 486 164Z', '#143a2f', 'opacity=".4"')}
    ${p('M252 178Q258 100 330 98H470Q542 100 548 178Q550 200 526 204Q400 224 274 204Q250 200 252 178Z', 'url(#l)')}
    ${line('M290 156Q400 176 510 156', '#1f4a3d', 4)}
    ${line('M334 206V300M466 206V300', '#17332a', 11)}<rect x="322" y="270" width="24" height="30" rx="5" fill="#e8b04a"/><rect x="454" y="270" width="24" height="30" rx="5" fill="#e8b04a"/>
    ${p('M306 340Q306 326 320 326H480Q494 326 494 340V458Q494 476 476 476H324Q306 476 306 458Z', '#1f4a3d')}${line('M326 352H474', '#6db39c', 4)}
    ${line('M270 250L306 262M530 250L494 262M270 300L306 312M530 300L494 312', '#e8b04a', 6)}
    <rect x="376" y="396" width="48" height="32" rx="6" fill="#eef4ee"/>${p('M384 422l11-16 7 8 6-7 9 15Z', '#27594a')}
    <rect x="226" y="486" width="348" height="60" rx="30" fill="url(#m)"/><circle cx="256" cy="516" r="22" fill="none" stroke="#8a4f18" stroke-width="4"/><circle cx="256" cy="516" r="10" fill="none" stroke="#8a4f18" stroke-width="4"/>
    ${line('M334 484V548M466 484V548', '#17332a', 11)}`),

  'pack-summit-55': studio({ bg: ['#d9e2ec', '#b3c4d4'], disc: '#edf2f7', line: '#8ba3ba' }, grad('f', ['#d4452b', '#9c2515']) + grad('l', ['#e35f3c', '#b83820']), `
    ${line('M568 120L540 520', '#8d9aa6', 9)}${p('M520 112q50-26 104 12q-50-8-100 8Z', '#6d7a86')}
    ${line('M366 92C366 50 434 50 434 92', '#2a1512', 12)}
    ${p('M230 350h48v164h-26q-24 0-24-24Z', '#7c1b0e')}${p('M522 350h48l2 140q0 24-24 24h-26Z', '#7c1b0e')}
    ${p('M262 504V178Q262 146 300 146H500Q538 146 538 178V504Q538 544 498 544H302Q262 544 262 504Z', 'url(#f)')}
    ${p('M494 146h6q38 0 38 32V504q0 40-40 40h-34C494 460 506 260 494 146Z', '#5e1208', 'opacity=".4"')}
    ${p('M246 160Q250 80 328 78H472Q550 80 554 160Q556 186 530 190Q400 208 270 190Q244 186 246 160Z', 'url(#l)')}
    ${line('M286 138Q400 158 514 138', '#7c1b0e', 4)}${line('M268 348Q400 372 532 348', '#5e1208', 5)}${line('M510 356l6 20', '#2a1512', 7)}
    ${line('M336 190V330M464 190V330', '#2a1512', 12)}<rect x="323" y="280" width="26" height="32" rx="5" fill="#f0c34f"/><rect x="451" y="280" width="26" height="32" rx="5" fill="#f0c34f"/>
    ${p('M300 408Q300 390 318 390H482Q500 390 500 408V508Q500 524 484 524H316Q300 524 300 508Z', '#8c2011')}${line('M322 416H478', '#ef8a68', 4)}
    ${line('M262 232L310 246M538 232L490 246M262 452L300 452M538 452L500 452', '#f0c34f', 6)}
    <g fill="none" stroke="#3f6f9e" stroke-width="11"><ellipse cx="256" cy="292" rx="34" ry="56"/><ellipse cx="256" cy="292" rx="20" ry="42"/></g>${line('M226 292h60', '#f0c34f', 12)}
    <rect x="374" y="446" width="52" height="34" rx="6" fill="#fbeee6"/>${p('M383 474l12-17 7 9 6-8 10 16Z', '#9c2515')}`),

  'pack-drift-30': studio({ bg: ['#d3e6ec', '#a9cad6'], disc: '#e9f4f7', line: '#7fabbb' }, grad('f', ['#2f6d92', '#1c4763'], true) + grad('t', ['#3c83ad', '#25597b']), `
    ${p('M278 504L262 232H538L522 504Q520 542 484 542H316Q280 542 278 504Z', 'url(#f)')}
    ${p('M262 232H538L536 262Q400 292 264 262Z', '#14374e', 'opacity=".5"')}
    ${p('M254 180H546L538 240H262Z', 'url(#t)')}<rect x="240" y="134" width="320" height="56" rx="28" fill="#3f8ab5"/>${line('M262 152H538', '#83bbd8', 4)}${line('M262 174H538', '#1c4763', 4)}
    ${line('M252 158C216 190 236 260 266 300M548 158C584 190 564 260 534 300', '#f08a3c', 10)}<rect x="248" y="284" width="34" height="24" rx="5" fill="#15242e"/><rect x="518" y="284" width="34" height="24" rx="5" fill="#15242e"/>
    ${p('M271 372H529L527 408H273Z', '#e6eef2')}${p('M271 378H529L529 384H271ZM273 396H527L527 402H273Z', '#b9c9d2')}
    ${p('M330 300h140q10 0 10 10v36q0 10-10 10H330q-10 0-10-10v-36q0-10 10-10Z', '#1c4763')}${line('M336 328H464', '#7fc0de', 5)}
    <circle cx="400" cy="464" r="34" fill="#f08a3c"/>${p('M380 478l14-22 9 11 7-9 12 20Z', '#fff')}
    <g fill="#fff" opacity=".65"><path d="M300 440q9 14 0 20-9-6 0-20ZM490 470q9 14 0 20-9-6 0-20ZM318 500q7 11 0 16-7-5 0-16Z"/></g>`),

  'sleep-ember-down': studio({ bg: ['#26354d', '#3d4f68'], disc: '#4b5f7a', line: '#6f86a3' }, grad('f', ['#f2a24b', '#cf5a26']) + grad('i', ['#35263a', '#1f1826']), `
    <g transform="rotate(-14 400 320)">
    ${p('M176 240C240 186 360 196 470 222L640 262C690 276 700 380 640 396L470 424C360 448 240 452 176 400C132 362 132 278 176 240Z', 'url(#f)')}
    ${p('M176 400C240 452 360 448 470 424L640 396C668 388 680 362 680 334C600 372 400 400 160 384Z', '#8f3513', 'opacity=".45"')}
    ${line('M318 204Q346 320 318 440M392 206Q420 320 392 438M466 222Q490 324 466 424M536 240Q556 328 536 411M602 254Q618 330 602 400', '#8f3513', 4, 'opacity=".65"')}
    ${line('M268 248Q420 246 500 276', '#ffe1b0', 5)}<circle cx="502" cy="277" r="7" fill="#ffe1b0"/>
    <ellipse cx="216" cy="320" rx="58" ry="84" fill="#ffbf7a"/><ellipse cx="220" cy="320" rx="46" ry="70" fill="url(#i)"/>
    ${p('M186 330q34-34 76 0q4 40-38 46-38-4-38-46Z', '#e9dfcf')}
    </g><g fill="#ffe9c4"><circle cx="96" cy="84" r="3"/><circle cx="190" cy="132" r="2"/><circle cx="300" cy="58" r="2.5"/><circle cx="470" cy="62" r="2"/><circle cx="628" cy="104" r="3"/><circle cx="706" cy="58" r="2"/><circle cx="742" cy="170" r="2.5"/></g>`),

  'sleep-lull-mat': studio({ bg: ['#e6e3f0', '#c7c2dc'], disc: '#f3f1f9', line: '#a49dc4' }, grad('f', ['#7c86c2', '#555f9f']) + grad('r', ['#98a1d6', '#5d67a8']), `
    ${p('M232 452L560 258Q580 248 600 258L690 316Q706 328 690 340L372 534Q350 546 330 534L232 476Q216 464 232 452Z', '#3c4580')}
    ${p('M232 440L560 246Q580 236 600 246L690 304Q706 316 690 328L372 522Q350 534 330 522L232 464Q216 452 232 440Z', 'url(#f)')}
    ${line('M264 462L588 270M298 482L622 290M332 502L656 308', '#aab2e2', 6, 'opacity=".75"')}${line('M300 410L410 488M370 368L480 446M440 328L550 402M510 286L620 360', '#3f4985', 5, 'opacity=".6"')}
    <g transform="rotate(-30 236 360)"><rect x="120" y="302" width="226" height="92" rx="46" fill="url(#r)"/><circle cx="166" cy="348" r="44" fill="#4b5595"/><path d="M166 318a30 30 0 1 1-28 20a20 20 0 1 1 28 18" fill="none" stroke="#b9c0ea" stroke-width="5" stroke-linecap="round"/><path d="M250 302v92M306 304v88" stroke="#23294f" stroke-width="12"/></g>
    <rect x="600" y="240" width="26" height="16" rx="5" fill="#e8a04a" transform="rotate(32 612 248)"/>`),

  'stove-spark-gas': studio({ bg: ['#1f2f33', '#36494b'], disc: '#3f5557', line: '#5d7a7a' }, grad('c', ['#c94f2b', '#e87b48', '#8f2f14'], true) + grad('m', ['#8e999c', '#eef2f2', '#7c878a'], true) + grad('fl', ['#7ec8ff', '#2f7fe0']) + grad('fo', ['#ffe6a0', '#ff9a3c']) + glow('h', '#ffb552', 0.55), `
    <ellipse cx="400" cy="170" rx="240" ry="190" fill="url(#h)"/>
    ${p('M288 396Q288 350 340 344H460Q512 350 512 396V506Q512 540 476 540H324Q288 540 288 506Z', 'url(#c)')}
    ${p('M340 344q60-26 120 0Z', '#d9dfdf')}<rect x="288" y="420" width="224" height="74" fill="#fbf0df"/>${p('M366 476l26-38 16 19 12-15 22 34Z', '#b8430f')}
    <rect x="378" y="262" width="44" height="76" rx="6" fill="url(#m)"/>${line('M422 302h70', '#b9c2c4', 8)}<circle cx="506" cy="302" r="15" fill="none" stroke="#d9dfdf" stroke-width="7"/>
    ${p('M340 236h120l-16 32h-88Z', 'url(#m)')}
    ${line('M350 260L262 226V206H300M450 260L538 226V206H500', '#d9dfdf', 9)}${line('M400 262V206', '#aab4b6', 7)}
    ${p('M400 86C440 136 458 170 440 232H360C342 170 360 136 400 86Z', 'url(#fo)')}${p('M346 150c20 32 24 58 16 82h-26c-14-32-4-58 10-82ZM454 150c-20 32-24 58-16 82h26c14-32 4-58-10-82Z', 'url(#fl)')}${p('M400 148C420 178 428 202 420 232H380C372 202 380 178 400 148Z', '#fff7da')}`),

  'stove-hearth-pots': studio({ bg: ['#efe3d6', '#d9c2aa'], disc: '#f8f0e6', line: '#c1a183' }, grad('m', ['#6c7779', '#c4cccc', '#596365'], true) + grad('d', ['#535d5f', '#a4adae', '#454e50'], true) + grad('k', ['#2f6f66', '#4d9a8e', '#22534c'], true), `
    <g fill="none" stroke="#ffffff" stroke-width="9" stroke-linecap="round" opacity=".8"><path d="M300 190c-22-26 22-46 0-78M352 184c-22-26 22-46 0-78"/></g>
    ${line('M220 340C120 336 118 440 226 436', '#b8430f', 16)}
    ${p('M212 280H448V496Q448 538 406 538H254Q212 538 212 496Z', 'url(#m)')}${p('M212 486H448V496Q448 538 406 538H254Q212 538 212 496Z', '#2f3839', 'opacity=".35"')}
    <rect x="196" y="258" width="268" height="28" rx="14" fill="#d6dddd"/>${p('M222 258Q330 204 438 258Z', 'url(#d)')}<rect x="312" y="206" width="36" height="24" rx="9" fill="#b8430f"/>
    ${line('M248 330V420M248 446v14', '#f3f6f6', 8, 'opacity=".6"')}<g stroke="#3b4547" stroke-width="4" stroke-linecap="round"><path d="M404 350h26M412 390h18M404 430h26M412 470h18"/></g>
    ${line('M604 416C662 414 660 492 600 490', '#22534c', 13)}${p('M474 390H612L602 512Q600 540 572 540H514Q486 540 484 512Z', 'url(#k)')}<ellipse cx="543" cy="390" rx="69" ry="15" fill="#16352f"/><ellipse cx="543" cy="393" rx="58" ry="10" fill="#7a4a26"/>
    ${p('M522 478l16-24 10 12 7-9 14 21Z', '#fff', 'opacity=".9"')}`),

  // The mark: a ridge and its far echo
  'favicon': svg(64, 64, '', `<rect width="64" height="64" rx="14" fill="#16352a"/>${p('M8 46L26 18 36 33 42 25 56 46Z', '#f6f4ee')}${p('M26 18L18 31 25 28 29 33 33 29Z', '#e88a3c')}`),
};
