// Becomes a part of the script that searches. Chapters come before pages of reference, and a page
// that was opened from a file, which may not read other files, shows no excerpts.

if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

const CHAPTERS_FIRST = 100; // more than any score

// Sphinx's own numbers, and a score that puts chapters first.
globalThis.Scorer = {
  score: ([page, , , , score]) => (page.startsWith("chapters/") ? CHAPTERS_FIRST + score : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
