// Masks a page before its capture, default deny: every text is painted over but what the contract calls public,
// headings, labels and the banner. The page is not used again afterwards.
({ visible }) => {
  const open = ["th", "label", "legend", "h1", "h2", "h3", "button", "caption", "title", ...visible].join(",");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.parentElement.closest(open) === null && node.nodeValue.trim() !== "") node.nodeValue = "•••";
  }
  for (const input of document.querySelectorAll("input, textarea, select")) {
    if (input.closest(visible.join(",") || "none") === null && input.type !== "submit") input.value = "•••";
  }
}
