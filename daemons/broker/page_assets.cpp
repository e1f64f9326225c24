// SPDX-License-Identifier: Apache-2.0
// Style and script of the pages (pages.hpp). The script asks the site how strong a password is: the same estimate that
// decides, with the words of this very account, and no dictionary of a megabyte to load.
#include "daemons/broker/pages.hpp"

namespace rescue::broker::pages {

std::string_view style() {
  return R"css(:root { color-scheme: light dark; --line: #b6bcc6; --bad: #b3261e; --good: #1b6e3c; }
@media (prefers-color-scheme: dark) { :root { --line: #5a6270; --bad: #ff8a80; --good: #7bd69b; } }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 30rem; margin: 3rem auto; padding: 0 1rem; }
.site { margin: 0; opacity: 0.75; }
h1 { margin: 0 0 1rem; font-size: 1.6rem; }
label { display: block; margin: 1rem 0 0.25rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; padding: 0.5rem; font: inherit; border: 1px solid var(--line); border-radius: 4px; }
button { margin-top: 1.5rem; padding: 0.6rem 1.2rem; font: inherit; font-weight: 600; border-radius: 4px; border: 1px solid var(--line); cursor: pointer; }
.strength { margin-top: 0.5rem; }
.strength meter { width: 8rem; height: 1rem; vertical-align: middle; }
.strength ul { margin: 0.25rem 0 0; padding-left: 1.2rem; }
.hint { margin: 0.25rem 0; opacity: 0.8; font-size: 0.9rem; }
.problem { color: var(--bad); font-weight: 600; }
.good { color: var(--good); font-weight: 600; }
pre { padding: 0.75rem; border: 1px solid var(--line); border-radius: 4px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
[hidden] { display: none; }
)css";
}

std::string_view script() {
  return R"js('use strict';
(() => {
  const by = (id) => document.getElementById(id);
  const field = by('new');
  if (!field) return;

  // An invitation's code stands behind the # of its link, which browsers send to nobody. It moves into the form, and out
  // of the address and its history.
  const code = by('code');
  if (code && location.hash.length > 1) {
    code.value = location.hash.slice(1);
    by('code-row').hidden = true;
    history.replaceState(null, '', location.pathname);
  }

  const again = by('again');
  const compare = () => {
    const differs = again.value !== '' && again.value !== field.value;
    by('differs').hidden = !differs;
    again.setCustomValidity(differs ? 'The two are not the same yet.' : '');
  };
  again.addEventListener('input', compare);

  const show = (told) => {
    by('score').value = told.score;
    by('verdict').textContent = told.enough ? `${told.name}` : `${told.name}; at least ${told.needed_name} is needed`;
    by('verdict').className = told.enough ? 'good' : 'problem';
    const lines = told.advice.map((line) => {
      const item = document.createElement('li');
      item.textContent = line;
      return item;
    });
    by('advice').replaceChildren(...lines);
    by('strength').hidden = false;
  };

  let timer = 0;
  let asking = null;
  const ask = async () => {
    if (asking) asking.abort();
    if (field.value === '') {
      by('strength').hidden = true;
      return;
    }
    asking = new AbortController();
    const question = { password: field.value };
    if (code) question.invitation = code.value;
    const email = by('email');
    if (email && email.value !== '') question.email = email.value;
    try {
      const answer = await fetch('/api/v1/auth/strength', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(question),
        signal: asking.signal,
        credentials: 'omit',
        cache: 'no-store',
      });
      if (answer.ok) show(await answer.json());
    } catch (gone) {
      // Typed on meanwhile, or the site is away: the form itself says what is wrong.
    }
  };
  field.addEventListener('input', () => {
    compare();
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  });
})();
)js";
}

}  // namespace rescue::broker::pages
