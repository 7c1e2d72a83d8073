// What other programs put on the pages of the book.

interface Window {
  FontAwesomeConfig?: { autoReplaceSvg: string };
  MathJax?: { typesetPromise?: () => Promise<void>; startup: { promise: Promise<void> } };
}

/** axe-core, on the pages that tests review. */
declare const axe: {
  run(root: Document, options: { resultTypes: string[] }): Promise<{ violations: AxeViolation[] }>;
};

interface AxeViolation {
  id: string;
  impact: string | null;
  nodes: { target: string[]; failureSummary: string }[];
}
