// Brings a page of the observer up to date when it hears that something is new. The page works without.
'use strict';

(() => {
  const status = () => document.getElementById('vers');
  const say = (is) => { const line = status(); if (line) line.textContent = line.dataset[is]; };
  let busy = false;
  let again = false;

  /** What a person has opened, and where he is. */
  function place(main) {
    const focus = document.activeElement;
    const all = [...main.querySelectorAll('a, button, summary, [tabindex]')];
    return {
      open: [...main.querySelectorAll('details[open]')].map((details) => details.id),
      focus: main.contains(focus) ? { href: focus.getAttribute('href'), id: focus.closest('[id]')?.id, at: all.indexOf(focus) } : null,
      aside: main.querySelector('.schuif')?.scrollLeft ?? 0,
    };
  }

  /** Puts him back there. */
  function restore(main, { open, focus, aside }) {
    for (const id of open) document.getElementById(id)?.setAttribute('open', '');
    const region = main.querySelector('.schuif');
    if (region) region.scrollLeft = aside;
    if (!focus) return;
    const all = [...main.querySelectorAll('a, button, summary, [tabindex]')];
    const same = (it) => it.getAttribute('href') === focus.href && it.closest('[id]')?.id === focus.id;
    (all.find(same) ?? all[focus.at] ?? main).focus({ preventScroll: true });
  }

  async function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    const answer = await fetch(location.href.split('#')[0]);
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
      const main = document.querySelector('main');
      const [was, scroll] = [place(main), scrollY];
      // The line that tells how it stands stays: a screen reader would say it again and again.
      fresh.querySelector('#vers')?.replaceWith(status());
      main.replaceChildren(...fresh.childNodes);
      restore(main, was);
      scrollTo({ top: scroll, behavior: 'instant' });
    }
    busy = false;
    if (again) { again = false; refresh().catch(() => say('stil')); }
  }

  const news = new EventSource(status().dataset.bron);
  news.addEventListener('open', () => say('live'));
  news.addEventListener('error', () => say('stil'));
  news.addEventListener('nieuw', () => refresh().catch(() => { busy = false; say('stil'); }));
})();
