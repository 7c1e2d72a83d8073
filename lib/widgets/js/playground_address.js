// The page's address keeps where a playground stands, so that another reader can open it there.

import { element } from "./dom.js";
import { readHash, writeHash } from "./playground_state.js";

const WRITE_MS = 300; // an address is written once the reader rests

/** @typedef {import("./playground_state.js").Values} Values */

/** Whether the page has an address that another reader could open. */
export function canShare() {
  return location.host !== "";
}

/**
 * What can be shared: `remember` keeps values in the page's address, `copy` copies the link and
 * tells whether that went well.
 *
 * @param {string} name
 * @param {import("./playground_state.js").Setting[]} settings
 */
export function makeAddress(name, settings) {
  const field = element("input", { class: "course-link", readonly: "", hidden: "" });
  field.setAttribute("aria-label", "Link to this state of the playground");
  let timer = 0;
  const cancel = () => clearTimeout(timer);
  /** @param {Values} values */
  const remember = (values) => {
    cancel();
    const hash = writeHash(values, name, settings);
    const write = () => history.replaceState(history.state, "", hash);
    if (canShare()) timer = window.setTimeout(write, WRITE_MS);
  };
  /** @param {Values} values */
  const copy = async (values) => {
    field.value = new URL(writeHash(values, name, settings), location.href).href;
    if (await copyText(field.value)) return true;
    field.hidden = false; // where the browser does not copy, the reader can
    field.select();
    return document.execCommand("copy");
  };
  /** @param {Values} start */
  const read = (start) => readHash(location.hash, name, start, settings);
  return { field, cancel, remember, copy, read };
}

/**
 * @param {string} text
 * @returns {Promise<boolean>}
 */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // refused, or the page has no clipboard
  }
}
