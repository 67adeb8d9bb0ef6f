"use strict";
/* Everything here is a convenience: without it, links, forms and Tab do the same. */
(() => {
  const shortcuts = document.body.hasAttribute("data-shortcuts");
  const typing = (node) => node.matches("input:not([type=hidden]), textarea, select");
  let dirty = false;

  /* -- single-key shortcuts ------------------------------------------------------------------------------------- */
  const rows = () => [...document.querySelectorAll("[data-row]")];

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const row = document.activeElement.closest("tr");
    const now = all.findIndex((link) => row && row.contains(link));
    all[Math.min(all.length - 1, Math.max(0, now + step))].focus();
  };

  const claim = () => {
    const row = document.activeElement.closest("tr") || document;
    const button = row.querySelector("[data-claim]");
    if (button) button.click();
    return Boolean(button);
  };

  const press = (target) => {
    if (target.matches("summary")) {
      if (!target.parentElement.open) target.click();
      const field = target.parentElement.querySelector("input:not([type=hidden]), textarea, select, button");
      if (field) field.focus();
    } else if (typing(target)) {
      target.focus();
    } else {
      target.click();
    }
  };

  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "j" || event.key === "k") {
      move(event.key === "j" ? 1 : -1);
    } else if (event.key === "?") {
      window.location.assign("/aide");
    } else {
      const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (target && !(event.key === "Escape" && dirty)) press(target);
      else if (event.key === "/") window.location.assign("/dossiers");
      else if (event.key !== "c" || !claim()) return;
    }
    event.preventDefault();
  };
  if (shortcuts) document.addEventListener("keydown", onKey);

  /* -- nothing typed is lost ------------------------------------------------------------------------------------ */
  let kept = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-keep]");
    if (!form) return;
    dirty = true;
    if (Date.now() - kept < 120000) return;
    kept = Date.now();
    const body = new URLSearchParams({ csrf: form.elements.csrf.value });
    fetch(form.dataset.keep, { method: "POST", body }).catch(() => { kept = 0; });
  });
  document.addEventListener("submit", () => { dirty = false; });
  window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  const wrong = document.querySelector("[aria-invalid=true]");
  if (wrong) wrong.focus();

  /* -- copy what the claimer may see ---------------------------------------------------------------------------- */
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector(".value").textContent);
      button.textContent = "Copié";
    });
  }

  /* -- live progress: the server says when, htmx fetches what ---------------------------------------------------- */
  for (const place of document.querySelectorAll("[data-stream]")) {
    const stream = new EventSource(place.dataset.stream);
    stream.addEventListener("progression", () => htmx.trigger(place, "progression"));
    stream.addEventListener("fin", () => { stream.close(); htmx.trigger(place, "progression"); });
  }
})();
