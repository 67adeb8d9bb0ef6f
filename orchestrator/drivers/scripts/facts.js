// Describes what a robot relies on in a page without reading any value: forms, fields in their order, labels, buttons.
() => {
  const words = (node) => (node === null ? "" : node.textContent.replace(/\s+/g, " ").trim());
  const path = (form) => new URL(form.getAttribute("action") ?? location.href, location.href).pathname;
  const label = (field) => (field.id ? words(document.querySelector(`label[for="${CSS.escape(field.id)}"]`)) : "");
  const isButton = (item) => item.tagName === "BUTTON" || ["submit", "button", "image", "reset"].includes(item.type);
  const field = (item) => ({
    id: item.id,
    name: item.name,
    type: item.type,
    label: label(item),
    longest: item.maxLength ?? -1,
    fixed: item.readOnly === true || item.disabled,
    choices: item.tagName === "SELECT" ? [...item.options].map(words) : [],
  });
  const button = (item) => ({ id: item.id, type: item.type, text: words(item) || item.value });
  return [...document.forms].map((form) => ({
    id: form.id,
    method: form.method.toUpperCase(),
    path: path(form),
    asks: form.getAttribute("onsubmit") ?? "",
    fields: [...form.elements].filter((item) => !isButton(item)).map(field),
    buttons: [...form.elements].filter(isButton).map(button),
  }));
}
