// How the search of the site ranks pages. What a page is the first answer to, it says itself by the directive
// `index` below its title (with `!`), which Sphinx ranks highest; the glossary does so for its terms.
// Here only those pages lose that have nearly every word of the book, and the glossary where a chapter
// answers, too.
const LISTS = ['readme', 'api', 'references', 'runs/status', 'genindex'];

var Scorer = {
  score: ([page, , , , score]) => score - (LISTS.includes(page) ? 20 : 0) - (page === 'glossary' ? 5 : 0),
  objNameMatch: 11, objPartialMatch: 6, objPrio: {0: 15, 1: 5, 2: -5}, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
};
