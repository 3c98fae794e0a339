// On a phone, a table shows a card for each row. Each value of many then needs the name of its column.
for (const table of document.querySelectorAll(".md-typeset table:not([class])")) {
  const labels = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
  for (const cell of table.querySelectorAll("tbody td")) {
    const label = labels[cell.cellIndex];
    if (cell.cellIndex === 0 && cell.textContent.length < 12) cell.style.whiteSpace = "nowrap";
    if (label && labels.length > 2) cell.dataset.label = label;
  }
  for (const code of table.querySelectorAll("td code")) {
    // A long name may break after a point or a slash, and nowhere else.
    code.innerHTML = code.innerHTML.replace(/([./_])(?=\w|&lt;)/g, "$1<wbr>");
  }
  table.dataset.cards = "";
}

// A diagram from left to right is too small to read on a phone: it keeps its size there, and scrolls.
for (const diagram of document.querySelectorAll("pre.mermaid")) {
  if (!diagram.textContent.trim().startsWith("flowchart LR")) continue;
  const frame = document.createElement("div");
  frame.className = "wide";
  diagram.replaceWith(frame);
  frame.append(diagram);
}
