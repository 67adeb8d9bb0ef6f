// Recognises a screen by its title among the candidates and reads it whole, in one call. Values are texts; typing is
// done outside. In a frame there is one candidate, named "".
({ candidates, version }) => {
  const text = (node) => (node === null ? null : ("value" in node && node.tagName !== "LI" ? node.value : node.textContent).trim());
  const find = (selector) => document.querySelector(selector);
  const pick = (where, fields) =>
    Object.fromEntries(Object.entries(fields).map(([name, selector]) => [name, text(where.querySelector(selector))]));
  const table = ({ rows, columns, empty }) => {
    const found = [...document.querySelectorAll(rows)];
    if (found.length === 0) return find(empty) === null ? null : [];
    return found.map((row) => pick(row, columns));
  };
  const wanted = candidates[document.title] ?? candidates[""];
  if (wanted === undefined) return { title: document.title, known: false };
  return {
    title: document.title,
    known: true,
    version: text(find(version)),
    missing: wanted.anchors.filter((selector) => find(selector) === null),
    fields: pick(document, wanted.fields),
    tables: Object.fromEntries(Object.entries(wanted.tables).map(([name, contract]) => [name, table(contract)])),
  };
}
