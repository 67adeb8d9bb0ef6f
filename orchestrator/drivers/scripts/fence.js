// Default deny, in every frame, before any script of the page: nothing reaches an act element until this very document
// is armed with a deadline. A late click, key or submit is stopped here; what the page itself sends is stopped by the gate.
((acts) => {
  let deadline = 0;
  let refused = 0;
  const armed = () => Date.now() < deadline;
  const onAct = (node) => node instanceof Element && acts.some((selector) => node.closest(selector) !== null);
  const actForm = (form) => form instanceof HTMLFormElement && acts.some((selector) => form.querySelector(selector) !== null);
  const concerns = (event) => {
    const target = event.composedPath()[0];
    if (event.type === "submit") return actForm(target);
    if (event.type.startsWith("key") && event.key === "Enter" && target instanceof Element && actForm(target.closest("form"))) return true;
    return onAct(target);
  };
  const asks = (event) => ["click", "submit"].includes(event.type) || (event.type === "keydown" && event.key === "Enter");
  const guard = (event) => {
    if (armed() || !concerns(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    refused += 1;
    if (asks(event)) window.__glrDenied(); // counted by the desk, once for each act that was asked for
  };
  for (const type of ["pointerdown", "pointerup", "mousedown", "mouseup", "click", "dblclick", "touchstart", "touchend",
    "keydown", "keypress", "keyup", "submit"]) {
    window.addEventListener(type, guard, { capture: true });
  }
  Object.defineProperty(window, "__glrFence", {
    value: Object.freeze({
      arm: (until) => { deadline = until; },
      disarm: () => { deadline = 0; },
      refused: () => refused,
    }),
  });
})
