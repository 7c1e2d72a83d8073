// What is on the pages of the book besides the browser's own.

interface Window {
  courseStates?: Record<string, object>;
  drawWidgets?: () => void;
  MathJax?: { typesetPromise?: () => Promise<void>; startup: { promise: Promise<void> } };
}

/** Sphinx's settings of a page, and how its search scores what it finds. */
declare const DOCUMENTATION_OPTIONS: { SHOW_SEARCH_SUMMARY: boolean };
/** Document, title, anchor, description, score. */
type SearchResult = [string, string, string, string | null, number];
declare var Scorer: {
  score: (result: SearchResult) => number;
  objPrio: Record<number, number>;
  [part: string]: unknown;
};

/** axe-core, on the pages that tests review. */
declare const axe: {
  run(root: Document, options: { resultTypes: string[] }): Promise<{ violations: AxeViolation[] }>;
};

interface AxeViolation {
  id: string;
  impact: string | null;
  nodes: { target: string[]; failureSummary: string }[];
}
