/// How the page looks and what its filter does. Colours have the contrast that WCAG 2.2 AA asks for, on light and dark.
enum HTMLStyle {
    static let sheet = """
        :root { color-scheme: light dark; --line: #d0d5dd; --soft: #f5f6f8; --text: #1b1f27; --page: #fff;
          --dim: #4d5663;
          --bad: #a11212; --bad-soft: #fde8e8; --open: #7a4a00; --open-soft: #fdf0d5; --good: #14602e;
          --good-soft: #e3f5e8; }
        @media (prefers-color-scheme: dark) { :root { --line: #3a414d; --soft: #1f242c; --text: #e7eaf0; --page: #14171c;
          --dim: #b3bac6;
          --bad: #ffb0a8; --bad-soft: #4a1717; --open: #ffd58a; --open-soft: #46330c; --good: #9be0b1;
          --good-soft: #153d23; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif;
          color: var(--text); background: var(--page); }
        h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
        code { font: .95em ui-monospace, monospace; overflow-wrap: anywhere; }
        .models { margin: .25rem 0 1rem; } .models span { overflow-wrap: anywhere; }
        .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        .counts { display: flex; flex-wrap: wrap; gap: .75rem; margin: 0 0 1rem; }
        .counts div { padding: .5rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--soft); }
        .counts dt { font-size: .85rem; } .counts dd { margin: 0; font-size: 1.5rem; font-weight: 600; }
        .filter { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
        .filter p { margin: 0; } .filter label { margin-right: .75rem; white-space: nowrap; }
        fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: 0; padding: .25rem .75rem .5rem; }
        input[type=search] { font: inherit; padding: .25rem .5rem; }
        :focus-visible { outline: 3px solid #2f6fde; outline-offset: 2px; }
        ul { list-style: none; margin: 0; padding-left: 1.25rem; border-left: 1px solid var(--line); }
        section > ul { padding-left: 0; border: 0; } li { margin: .15rem 0; }
        summary { cursor: pointer; padding: .1rem 0; } .node { display: block; padding-left: 1.1rem; }
        .badge { display: inline-block; font-size: .8rem; padding: 0 .5rem; border-radius: 1rem; }
        .incompatible { color: var(--bad); } .badge.incompatible, .counts .incompatible { background: var(--bad-soft); }
        .undecided { color: var(--open); } .badge.undecided, .counts .undecided { background: var(--open-soft); }
        .compatible { color: var(--good); } .badge.compatible, .counts .compatible { background: var(--good-soft); }
        .change { margin: .15rem 0 .15rem 1.1rem; } .leaf > .change { margin-left: 0; }
        .values { color: var(--dim); } .values code { font-size: .85em; }
        summary .badge { vertical-align: .1em; }
        .change dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .25rem 0 .5rem 1.1rem;
          padding: .5rem .75rem; background: var(--soft); border-radius: .5rem; }
        .change dt { font-weight: 600; } .change dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
        [hidden] { display: none !important; }
        @media print { .filter { display: none; } body { max-width: none; } }
        """

    static let script = """
        (function () {
          var boxes = Array.from(document.querySelectorAll('.filter input[type=checkbox]'));
          var search = document.getElementById('path');
          var shown = document.getElementById('shown');
          var changes = Array.from(document.querySelectorAll('.change'));
          var items = Array.from(document.querySelectorAll('main li'));
          function chosen(group) {
            return new Set(boxes.filter(function (b) { return b.dataset.group === group && b.checked; })
              .map(function (b) { return b.value; }));
          }
          function apply() {
            var verdicts = chosen('verdict'), classes = chosen('class'), text = search.value.trim(), count = 0;
            changes.forEach(function (change) {
              var data = change.dataset;
              change.hidden = !(verdicts.has(data.verdict) && classes.has(data.class) && data.path.includes(text));
              if (!change.hidden) { count += 1; }
            });
            items.forEach(function (item) { item.hidden = !item.querySelector('.change:not([hidden])'); });
            shown.textContent = count + ' of ' + changes.length + ' changes are shown';
          }
          boxes.forEach(function (box) { box.addEventListener('change', apply); });
          search.addEventListener('input', apply);
          document.querySelector('.filter').addEventListener('submit', function (event) { event.preventDefault(); });
          apply();
        })();
        """
}
