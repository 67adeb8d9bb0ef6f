// Returns the fields that do not hold what was typed into them, once nothing has the focus any more, and those whose value the page
// itself calls wrong. With "type", each value is typed first; nothing is ever submitted.
({ values, type }) => {
  const fields = Object.entries(values).map(([at, value]) => [at, value, document.querySelector(at)]);
  const found = { altered: [], refused: [] };
  if (type) {
    for (const [, value, node] of fields.filter(([, , node]) => node !== null)) {
      node.focus();
      node.value = value;
      for (const name of ["input", "change"]) node.dispatchEvent(new Event(name, { bubbles: true }));
      node.blur();
    }
  } else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  for (const [at, value, node] of fields) {
    if (node === null) continue;
    if (node.value !== value) found.altered.push(at);
    else if (node.willValidate && !node.form?.noValidate && !node.validity.valid) found.refused.push(at);
  }
  return found;
}
