// What the theme leaves undone for readers of narrow windows, and for those who use a keyboard or hear the page.
(() => {
  const WIDE = '.cell_output, .output, .pst-scrollable-table-container, .wide, div.math, pre, .genindextable';

  // A formula in a sentence that is wider than the text gets a line of its own, which scrolls.
  function fit() {
    for (const formula of document.querySelectorAll('.bd-article span.math')) {
      formula.classList.remove('wide');
      const text = formula.closest('p, li, td, dd, div');
      const drawn = formula.querySelector('mjx-container');
      if (text && drawn && drawn.getBoundingClientRect().right > text.getBoundingClientRect().right + 1) {
        formula.classList.add('wide');
      }
    }
    // What scrolls can be reached by the keyboard.
    for (const region of document.querySelectorAll(WIDE)) {
      if (region.scrollWidth > region.clientWidth + 1) region.tabIndex = 0;
      else if (region.getAttribute('tabindex') === '0') region.removeAttribute('tabindex');
    }
  }

  addEventListener('load', () => {
    for (const list of document.querySelectorAll('.citation-list')) list.removeAttribute('role');
    fit();
    window.MathJax?.startup?.promise?.then(fit);
    addEventListener('resize', () => requestAnimationFrame(fit));
    for (const details of document.querySelectorAll('details')) details.addEventListener('toggle', fit);
  });
})();
