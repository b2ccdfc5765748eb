// Shows one tab at a time. The fragment of the address names it: `#<tab>` or `#<tab>/<detail>`.
import { balances } from '../tabs/balances/balances.js';
import { documents } from '../tabs/documents/documents.js';
import { shop } from '../tabs/shop/shop.js';
import { $ } from './draw.js';

const tabs = { shop, balances, documents };
let shownTab;

function show() {
  const [name = 'shop', detail = ''] = location.hash.slice(1).split('/');
  const wantedTab = Object.hasOwn(tabs, name) ? name : 'shop';
  if (shownTab !== wantedTab) {
    if (shownTab) tabs[shownTab].leave();
    for (const tab of Object.keys(tabs)) {
      $(`${tab}-tab`).hidden = tab !== wantedTab;
      const link = document.querySelector(`nav a[href="#${tab}"]`);
      if (tab === wantedTab) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    shownTab = wantedTab;
  }
  tabs[wantedTab].enter(decodeURIComponent(detail));
}

addEventListener('hashchange', show);
show();
