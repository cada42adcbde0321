// Only comfort: pointing at a buffer, or walking through the buffers with the arrow keys, names it
// and marks its row in the table. Everything it says stands in the page without it.
(() => {
  const picture = document.getElementById("arena-picture");
  const status = document.getElementById("arena-status");
  // The wide picture and the narrow one show the same buffers; one of the two is seen.
  const all = [...picture.querySelectorAll(".buffer")];
  const count = all.length / picture.querySelectorAll("svg").length;
  let current = -1;

  function show(index) {
    for (const marked of document.querySelectorAll(".current")) marked.classList.remove("current");
    current = index;
    if (index < 0) return;
    const boxes = all.filter((box) => Number(box.dataset.order) === index);
    for (const box of boxes) box.classList.add("current");
    document.getElementById(`buffer-${index}`).classList.add("current");
    status.textContent = boxes[0].querySelector("title").textContent;
  }

  picture.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") show(-1);
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show((current + step + count + (current < 0 && step < 0 ? 1 : 0)) % count);
  });
  picture.addEventListener("pointerover", (event) => {
    const box = event.target.closest(".buffer");
    if (box) show(Number(box.dataset.order));
  });
  status.textContent = "Point at a buffer, or press the arrow keys here, to see what it is.";
})();
