// Leaf through the pages of a paper where it stands, and look at pages and pictures large, without leaving the thread.
(function () {
  "use strict";

  const large = document.querySelector("[data-look-large]");
  const part = (name) => large.querySelector("[data-look-" + name + "]");
  let shown = []; // what can be leafed through
  let at = 0;
  let from = null; // the paper that it is of, null for a picture

  function able(button, is) {
    if (is) button.removeAttribute("aria-disabled");
    else button.setAttribute("aria-disabled", "true"); // it keeps the focus
  }

  const pagesOf = (paper) => Array.from(paper.querySelectorAll("[data-page]"));

  function turn(paper, index) {
    const pages = pagesOf(paper);
    const said = paper.querySelector("[data-leaf-said]");
    if (!pages[index] || !said) return;
    pages.forEach((page, n) => (page.hidden = n !== index));
    said.textContent = pages[index].dataset.page;
    able(paper.querySelector("[data-leaf='-1']"), index > 0);
    able(paper.querySelector("[data-leaf='1']"), index < pages.length - 1);
  }

  function show(index) {
    if (!shown[index]) return;
    at = index;
    const inside = shown[at].querySelector("img");
    const picture = part("picture");
    if (picture.getAttribute("src") !== shown[at].getAttribute("href")) picture.src = shown[at].getAttribute("href");
    picture.alt = inside.alt;
    part("said").textContent = shown[at].dataset.page || "";
    able(large.querySelector("[data-look-leaf='-1']"), at > 0);
    able(large.querySelector("[data-look-leaf='1']"), at < shown.length - 1);
    part("sheet").scrollTop = 0;
    if (from) turn(from, at); // the thread stays where one reads
  }

  function open(link) {
    from = link.closest("[data-paper]");
    shown = from ? pagesOf(from) : [link];
    large.classList.toggle("is-paper", Boolean(from));
    part("title").textContent = from ? from.dataset.paper : link.querySelector("img").alt;
    part("pages").hidden = shown.length < 2;
    part("open").href = (from ? from.querySelector("[data-paper-open]") : link).getAttribute("href");
    large.showModal();
    part("sheet").focus();
    show(shown.indexOf(link));
  }

  // The pages may have been read anew meanwhile: where one reads is where the focus comes back to.
  large.addEventListener("close", function () {
    part("picture").removeAttribute("src");
    const link = shown[at];
    if (link && link.isConnected) link.focus({ preventScroll: true });
  });

  large.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || shown.length < 2) return;
    event.preventDefault();
    show(at + step);
  });

  document.addEventListener("click", function (event) {
    const link = event.target.closest("[data-look]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(link);
      return;
    }
    const leaf = event.target.closest("[data-leaf]");
    if (leaf) {
      const paper = leaf.closest("[data-paper]");
      turn(paper, pagesOf(paper).findIndex((page) => !page.hidden) + Number(leaf.dataset.leaf));
    }
    const step = event.target.closest("[data-look-leaf]");
    if (step) show(at + Number(step.dataset.lookLeaf));
    if (event.target.closest("[data-look-close]") || event.target === large) large.close();
  });
})();
