import { token } from './api';
import { h, put } from './dom';
import { Fleet } from './fleet';
import { tick } from './parts';
import { language, moment, t, type TextKey } from './texts';
import { budgetsView } from './views/budgets';
import { fleetView } from './views/fleet';
import { incidentsView } from './views/incidents';
import { auditView, problemsView } from './views/lists';
import { nodeView } from './views/node';

const app = document.getElementById('app')!;
const themeKey = 'aiinfra.theme';
const places: { path: string; name: TextKey }[] = [
  { path: '#/', name: 'fleet' }, { path: '#/problems', name: 'problems' }, { path: '#/incidents', name: 'incidents' }, { path: '#/budgets', name: 'budgets' }, { path: '#/audit', name: 'audit' }];

let session = new AbortController();
let view = new AbortController();
let refusal = '';

function start(): void {
  session.abort();
  view.abort();
  session = new AbortController();
  document.documentElement.lang = language.get();
  const theme = localStorage.getItem(themeKey);
  if (theme !== null) document.documentElement.dataset.theme = theme;
  if (token.get() === null) return door();
  const fleet = new Fleet();
  const link = h('p.link', { role: 'status' });
  const nav = h('nav', { 'aria-label': t('fleet') });
  const main = h('main', { id: 'main', tabindex: -1 });
  put(app, h('a.skip', { href: '#main', click: (event) => { event.preventDefault(); main.focus(); } }, t('skip')), h('header', {}, h('a.brand', { href: '#/' }, 'AIInfra'), nav, link, ...switches(true)), main);
  const show = () => {
    view.abort();
    view = new AbortController();
    const path = location.hash === '' ? '#/' : location.hash;
    put(nav, ...places.map((place) => h('a', { href: place.path, 'aria-current': place.path === path ? 'page' : null }, t(place.name))));
    put(main);
    const node = nodeOf(path);
    document.title = `${node ?? t(places.find((place) => place.path === path)?.name ?? 'fleet')} · AIInfra`;
    if (fleet.heard === 0)
      return put(main, fleet.link === 'loading' ? h('p.note.loading', { role: 'status' }, t('loading')) : h('div.fault', { role: 'alert' }, h('strong', {}, t('failed')), h('p', {}, t('noAnswer'))));
    if (node !== null) nodeView(main, fleet, node, view.signal);
    else if (path === '#/problems') problemsView(main, fleet, view.signal);
    else if (path === '#/incidents') incidentsView(main, fleet, view.signal);
    else if (path === '#/budgets') budgetsView(main, fleet, view.signal);
    else if (path === '#/audit') auditView(main, fleet, view.signal);
    else fleetView(main, fleet, view.signal);
  };
  let isShown = false;
  fleet.onChange(() => {
    if (fleet.link === 'refused') {
      token.clear();
      refusal = fleet.fault;
      return start();
    }
    link.className = `link ${fleet.link}`;
    put(link, fleet.link === 'live' ? t('live') : fleet.link === 'loading' ? t('loading') : fleet.heard === 0 ? t('noLink') : `${t('broken')} ${moment(new Date(fleet.heard).toISOString())}`);
    link.title = fleet.fault;
    link.setAttribute('data-link', fleet.link);
    main.classList.toggle('stale', fleet.link === 'broken' && fleet.heard !== 0);
    if (!isShown) {
      isShown = fleet.heard !== 0;
      show();
    }
  }, session.signal);
  window.addEventListener('hashchange', () => { show(); main.focus(); }, { signal: session.signal });
  const clock = setInterval(tick, 5000);
  session.signal.addEventListener('abort', () => clearInterval(clock));
  show();
  void fleet.run(session.signal);
}

/** Null where the address names no node, or not in a way that can be read. */
function nodeOf(path: string): string | null {
  try {
    const name = /^#\/node\/(.+)$/.exec(path)?.[1];
    return name === undefined ? null : decodeURIComponent(name);
  } catch {
    return null;
  }
}

function switches(isInside: boolean): Node[] {
  return [
    h('button', { type: 'button', lang: language.get() === 'zh' ? 'en' : 'zh', click: () => { language.set(language.get() === 'zh' ? 'en' : 'zh'); start(); } }, language.get() === 'zh' ? 'English' : '中文'),
    h('button', {
      type: 'button', 'aria-label': t('theme'), title: t('theme'), click: () => {
        const isDark = (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
        localStorage.setItem(themeKey, isDark ? 'light' : 'dark');
        start();
      },
    }, '◐'),
    ...(isInside ? [h('button', { type: 'button', click: () => { token.clear(); refusal = ''; start(); } }, t('leave'))] : []),
  ];
}

/** Asks for the token. */
function door(): void {
  const input = h('input', { id: 'token', type: 'password', required: true, autocomplete: 'off', spellcheck: 'false' });
  put(app, h('header', {}, h('span.brand', {}, 'AIInfra'), h('span.space'), ...switches(false)), h('main.door', {},
    h('form', { submit: (event) => { event.preventDefault(); token.set(input.value.trim()); refusal = ''; start(); } },
      h('label', { for: 'token' }, t('token')), input, h('button', { type: 'submit' }, t('enter')),
      refusal !== '' && h('p.fault', { role: 'alert' }, `${t('refused')}: ${refusal}`), h('p.note', {}, h('code', {}, t('tokenHow'))))));
  input.focus();
}

start();
