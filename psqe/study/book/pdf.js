// What is wider than the page is made smaller until it fits, after the formulas are set.
addEventListener('load', () => MathJax.startup.promise.then(() => {
  const page = document.querySelector('article');
  const edge = page.getBoundingClientRect().right;
  for (const formula of document.querySelectorAll('mjx-container > svg')) {
    const box = formula.getBoundingClientRect();
    const room = edge - Math.max(formula.closest('p, li, td, div, dd').getBoundingClientRect().left, 0);
    if (box.width > room) { formula.style.width = `${room}px`; formula.style.height = 'auto'; }
  }
  for (const wide of document.querySelectorAll('table, .cell_output > div')) {
    const box = wide.getBoundingClientRect();
    const width = Math.max(box.width, wide.scrollWidth);
    if (box.left + width > edge + 1) wide.style.zoom = Math.max(0.4, (edge - box.left) / width);
  }
}));
