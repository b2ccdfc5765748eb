// One page, a folder for each tab; the address names the tab that is shown.
import { balances } from '../tabs/balances/balances.js';
import { documents } from '../tabs/documents/documents.js';
import { shop } from '../tabs/shop/shop.js';
import { $ } from './draw.js';

const tabs = { shop, balances, documents };
let shown;

function show() {
  const [name = 'shop', what = ''] = location.hash.slice(1).split('/');
  const wanted = Object.hasOwn(tabs, name) ? name : 'shop';
  if (shown !== wanted) {
    if (shown) tabs[shown].leave();
    for (const tab of Object.keys(tabs)) {
      $(`${tab}-tab`).hidden = tab !== wanted;
      const link = document.querySelector(`nav a[href="#${tab}"]`);
      if (tab === wanted) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    shown = wanted;
  }
  tabs[wanted].enter(decodeURIComponent(what));
}

addEventListener('hashchange', show);
show();
