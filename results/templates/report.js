// The table of all runs: sorted by its heads, filtered by what is typed or chosen, a page at a time.
// Everything is shown as text (textContent); nothing of a run is ever read as markup.
"use strict";
(() => {
  const told = document.getElementById("run-data");
  const table = document.getElementById("all-runs");
  if (!told || !table) return;
  const data = JSON.parse(told.textContent);
  const [NAME, LINK, STATE, REASON, CELLS, FIGURES] = [0, 1, 2, 3, 4, 5];
  const rows = data.rows.map((row, place) => ({
    row,
    place,
    text: [row[NAME], row[STATE], row[REASON] || "", ...row[CELLS]].join(" ").toLowerCase(),
  }));
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const find = document.getElementById("find");
  const said = document.getElementById("said");
  const order = new Intl.Collator("en", { numeric: true });
  const view = { column: null, down: false, page: 0, chosen: new Map(), shown: rows };

  const valueOf = (row, column) =>
    column === -2 ? row[NAME] : column === -1 ? row[STATE] : row[CELLS][column];

  const compare = (a, b) => {
    const column = view.column;
    if (data.numbers[column]) {
      const [x, y] = [a.row[FIGURES][column], b.row[FIGURES][column]];
      if (x === null || y === null) return (x === null) - (y === null) || a.place - b.place;
      return (view.down ? y - x : x - y) || a.place - b.place;
    }
    const by = order.compare(valueOf(a.row, column), valueOf(b.row, column));
    return (view.down ? -by : by) || a.place - b.place;
  };

  const choose = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = [...view.chosen].filter(([, value]) => value !== null);
    const kept = rows.filter(
      ({ row, text }) =>
        words.every((word) => text.includes(word)) &&
        chosen.every(([column, value]) => valueOf(row, column) === value),
    );
    view.shown = view.column === null ? kept : kept.sort(compare);
    view.page = 0;
    show();
  };

  const cell = (kind, text, scope) => {
    const made = document.createElement(kind);
    if (scope) made.scope = scope;
    made.textContent = text;
    return made;
  };

  const lineOf = (row) => {
    const line = document.createElement("tr");
    line.className = row[STATE] === "done" ? "done" : "other";
    const name = cell("th", row[LINK] ? "" : row[NAME], "row");
    if (row[LINK]) {
      const link = cell("a", row[NAME]);
      link.href = row[LINK];
      name.append(link);
    }
    const state = document.createElement("td");
    const word = cell("span", row[STATE]);
    word.className = "state";
    state.append(word);
    line.append(name, state, ...row[CELLS].map((text) => cell("td", text)));
    if (!row[REASON]) return [line];
    const why = document.createElement("tr");
    why.className = "reason";
    const reason = cell("td", row[REASON]);
    reason.colSpan = data.head.length + 1;
    why.append(document.createElement("td"), reason);
    return [line, why];
  };

  const show = (all = false) => {
    const size = all ? 1000 : data.rowsAPage;
    const first = all ? 0 : view.page * size;
    const page = view.shown.slice(first, first + size);
    body.replaceChildren(...page.flatMap(({ row }) => lineOf(row)));
    const whole = rows.length.toLocaleString("en");
    const found = view.shown.length.toLocaleString("en");
    const of = view.shown.length === rows.length ? whole : `${found} found, of ${whole}`;
    said.textContent = page.length
      ? `Runs ${first + 1} to ${(first + page.length).toLocaleString("en")} of ${of}`
      : `No run of ${whole} is like that`;
    previous.disabled = view.page === 0;
    next.disabled = first + size >= view.shown.length;
    pager.hidden = rows.length <= size;
  };

  const sortBy = (column, head) => {
    const number = data.numbers[column];
    if (view.column !== column) [view.column, view.down] = [column, Boolean(number)];
    else if (view.down === Boolean(number)) view.down = !number;
    else view.column = null;
    for (const each of heads) each.removeAttribute("aria-sort");
    if (view.column !== null) head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
    choose();
  };

  heads.forEach((head, place) => {
    const column = place - 2; // run, state, then the others
    const button = cell("button", head.textContent);
    button.type = "button";
    button.addEventListener("click", () => sortBy(column, head));
    head.replaceChildren(button);
  });

  const controls = document.getElementById("controls");
  for (const [name, column, values] of data.choices) {
    const label = cell("label", name);
    const select = document.createElement("select");
    select.append(new Option("all", ""), ...values.map((value, place) => new Option(value, place)));
    select.addEventListener("change", () => {
      view.chosen.set(column, select.value === "" ? null : values[Number(select.value)]);
      choose();
    });
    label.append(select);
    controls.append(label);
  }

  const pager = document.getElementById("pager");
  const [previous, next] = pager.querySelectorAll("button");
  const turn = (by) => {
    view.page += by;
    show();
  };
  previous.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  find.addEventListener("input", choose);
  addEventListener("beforeprint", () => show(true));
  addEventListener("afterprint", () => show());
  controls.hidden = rows.length < 2;
  show();
})();
