// Only comfort: pointing at a buffer, or walking through the buffers with the arrow keys, names it
// and marks its row in the table. Everything it says stands in the page without it.
(() => {
  const picture = document.getElementById("arena-picture");
  const status = document.getElementById("arena-status");
  const boxes = [...picture.querySelectorAll(".buffer")].sort(
    (a, b) => a.dataset.order - b.dataset.order,
  );
  let current = -1;

  function show(index) {
    for (const marked of document.querySelectorAll(".current")) marked.classList.remove("current");
    current = index;
    if (index < 0) return;
    const box = boxes[index];
    box.classList.add("current");
    document.getElementById(`buffer-${box.dataset.order}`).classList.add("current");
    status.textContent = box.querySelector("title").textContent;
  }

  picture.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") show(-1);
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show((current + step + boxes.length + (current < 0 && step < 0 ? 1 : 0)) % boxes.length);
    boxes[current].scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  picture.addEventListener("pointerover", (event) => {
    const box = event.target.closest(".buffer");
    if (box) show(boxes.indexOf(box));
  });
  status.textContent = "Point at a buffer, or press the arrow keys here, to see what it is.";
})();
