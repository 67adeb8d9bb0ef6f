// Fills every field of a form in one call, then clicks its submit element if one is given (never that of an act). Returns
// the first selector that cannot be filled as a person would, or of a search that did not keep its value; null when all are filled.
({ values, submit }) => {
  const usable = (node) => node !== null && !node.disabled && node.getClientRects().length > 0;
  for (const [selector, value] of Object.entries(values)) {
    const node = document.querySelector(selector);
    const text = node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement;
    if (!usable(node) || !text || node.readOnly) return selector;
    if (node.maxLength >= 0 && value.length > node.maxLength) return selector;
    node.focus();
    node.value = value;
    node.dispatchEvent(new Event("input", { bubbles: true }));
    node.dispatchEvent(new Event("change", { bubbles: true }));
    if (submit !== null && node.value !== value) return selector; // an act is compared once all is filled (kept.js)
  }
  if (submit === null) return null;
  const button = document.querySelector(submit);
  if (!usable(button)) return submit;
  setTimeout(() => button.click(), 0); // after this call has returned: the navigation would take its answer away
  return null;
}
