// How the search of the site ranks pages. Sphinx counts words, and does not know which page answers a question.
// A test asks these questions, and the page named here must come first. Add to this list, in the syntax of JSON.
const ANSWERS = {
  "install": "install",
  "threshold": "runs/no-counterpart",
  "confidence": "runs/how-sure-are-seeds",
  "own data": "runs/your-own-data",
  "mutual nearest neighbours": "glossary",
  "cost": "runs/what-it-costs",
  "cite": "cite",
  "sinkhorn": "glossary",
  "coverage": "runs/three-regions",
  "glossary": "glossary",
  "benchmarks": "runs/benchmarks",
  "exercises": "teaching",
  "characters": "runs/characters"
};

// Pages that have nearly every word of the book.
const LISTS = ['readme', 'api', 'references', 'runs/status', 'genindex'];

var Scorer = {
  score: ([page, , anchor, , score]) => {
    const asked = (new URLSearchParams(location.search).get('q') || '').trim().toLowerCase().replace(/\s+/g, ' ');
    if (Object.hasOwn(ANSWERS, asked) && ANSWERS[asked] === page) return 100 + score - (anchor ? 50 : 0);
    return LISTS.includes(page) ? score - 20 : score;
  },
  objNameMatch: 11, objPartialMatch: 6, objPrio: {0: 15, 1: 5, 2: -5}, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
};
