// Filters for the page of claims. Without this script, the page shows all of them.
{
  const PREFIX = "#claims?"; // what the page's address begins with while something is filtered
  const form = /** @type {HTMLFormElement} */ (document.querySelector("form.course-claims-filter"));
  const fields = /** @type {(HTMLSelectElement | HTMLInputElement)[]} */ ([
    ...form.querySelectorAll("select, input"),
  ]);
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".course-claim-row")]);
  const told = /** @type {HTMLElement} */ (form.querySelector("[role=status]"));
  /** @param {HTMLElement} row */
  const textOf = (row) =>
    `${row.id} ${row.querySelector("h3")?.textContent} ${row.querySelector("dl")?.textContent}`;
  const texts = new Map(rows.map((row) => [row, textOf(row).toLowerCase()]));

  /**
   * Whether a row has what is asked for.
   * @param {HTMLElement} row
   * @param {{[name: string]: string}} wanted
   */
  const fits = (row, { chapter, verdict, strength, words }) =>
    ["", row.dataset.chapter].includes(chapter) &&
    ["", row.dataset.verdict].includes(verdict) &&
    ["", ...(row.dataset.strength ?? "").split(" ")].includes(strength) &&
    words
      .toLowerCase()
      .split(/\s+/)
      .every((word) => texts.get(row)?.includes(word));

  const chapters = /** @type {HTMLDetailsElement[]} */ ([
    ...document.querySelectorAll(".course-claims-chapter"),
  ]);
  const unfold = () => {
    for (const chapter of chapters) chapter.open = true;
  };
  window.addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details.course-elsewhere")) {
      folded.setAttribute("open", "");
    }
    unfold();
  });

  /** @returns {[string, string][]} what the fields say, by their names */
  const choices = () => fields.map((field) => [field.name, field.value]);

  const apply = () => {
    const wanted = Object.fromEntries(choices());
    for (const row of rows) row.hidden = !fits(row, wanted);
    for (const list of document.querySelectorAll(".course-claims")) {
      const section = /** @type {HTMLElement} */ (list.closest("section"));
      section.hidden = !list.querySelector(".course-claim-row:not([hidden])");
    }
    const shown = rows.filter((row) => !row.hidden).length;
    told.textContent =
      shown === rows.length ? `All ${shown} claims` : `${shown} of ${rows.length} claims`;
  };

  const remember = () => {
    const chosen = choices().filter(([, value]) => value);
    const bare = location.pathname + location.search;
    const address = chosen.length ? PREFIX + new URLSearchParams(chosen) : bare;
    history.replaceState(history.state, "", address);
  };

  const follow = () => {
    const { hash } = location;
    const wanted = new URLSearchParams(hash.startsWith(PREFIX) ? hash.slice(PREFIX.length) : "");
    for (const field of fields) {
      field.value = wanted.get(field.name) ?? "";
      if (field instanceof HTMLSelectElement && field.selectedIndex === -1) field.value = ""; // no such choice
    }
    apply();
    if (wanted.size) unfold();
    const target = document.getElementById(hash.slice(1));
    const chapter = chapters.find((chapter) => chapter.contains(target));
    if (!chapter) return;
    chapter.open = true;
    target?.scrollIntoView();
  };

  const change = () => {
    apply();
    unfold();
    remember();
  };
  form.addEventListener("input", change);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("button")?.addEventListener("click", () => {
    form.reset();
    change();
  });
  // A link leads to a claim or a chapter that may be filtered away.
  window.addEventListener("hashchange", () => {
    follow();
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  });
  form.hidden = false;
  follow();
}
