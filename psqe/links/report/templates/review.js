/* The review page, from the JSON of psqe.links.report.review_data.

A row is a pair or an entity without a link. Entities are named by their side and their position among the candidates of the
side. All texts of entities are put in as text, never as HTML. Nothing is loaded. */
(function () {
  "use strict";

  const SIDES = ["left", "right"];
  const other = (side) => (side === "left" ? "right" : "left");
  const PAGE = 50; // rows that are on the page at a time
  const LONGEST = 60; // characters of a name inside a sentence
  const UNDECIDED = "open";
  const number = (value, digits = 2) => value.toFixed(digits).replace("-", "−");
  const whole = (n) => n.toLocaleString("en");
  const plural = (n, word, more = `${word}s`) => `${whole(n)} ${n === 1 ? word : more}`;

  /** A text as it is compared by the search: without case and accents. */
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  // What the data say, without a page.

  /** The rows, and what is looked up often. */
  function indexed(data) {
    const { pairs, alone, sides } = data;
    const rows = pairs.left.map((left, at) => ({ kind: "pair", at, left, right: pairs.right[at] }));
    const linked = { left: new Map(), right: new Map() }; // the pair of each entity that has the highest confidence
    const seeds = new Set(pairs.seed);
    // Confidences are 32-bit numbers, which their shortest spelling restores.
    const confidence = pairs.confidence.map((value) => (value === null ? null : Math.fround(value)));
    rows.forEach((row) => {
      if (confidence[row.at] === null) return;
      for (const side of SIDES) {
        const before = linked[side].get(row[side]);
        if (before === undefined || confidence[before] < confidence[row.at]) linked[side].set(row[side], row.at);
      }
    });
    for (const side of SIDES) {
      alone[side].forEach(([entity, reason]) => rows.push({ kind: "entity", at: rows.length, side, entity, reason: data.texts[reason] }));
    }
    const ascending = Float64Array.from(confidence.filter((value) => value !== null)).sort();
    const sums = new Float64Array(ascending.length + 1);
    for (let k = ascending.length - 1; k >= 0; k -= 1) sums[k] = sums[k + 1] + ascending[k];
    const name = (side, entity) => sides[side].names[entity];
    const id = (side, entity) => sides[side].ids[entity];
    return { ...data, rows, linked, seeds, confidence, ascending, sums, name, id };
  }

  /** How many pairs have at least a confidence, and how many of these are expected to be correct. */
  function above(model, threshold) {
    const least = Math.fround(threshold);
    let [low, high] = [0, model.ascending.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (model.ascending[middle] < least) low = middle + 1;
      else high = middle;
    }
    return { n: model.ascending.length - low, correct: model.sums[low] };
  }

  /** The candidates that could replace an end of a pair, or that an entity without a link could have. */
  function candidates(model, row) {
    const found = [];
    const ends = row.kind === "pair" ? SIDES.map((side) => [side, row[side], row[other(side)]]) : [[row.side, row.entity, -1]];
    for (const [side, entity, partner] of ends) {
      for (const [candidate, score] of model.sides[side].nearest[entity]) {
        if (candidate !== partner) found.push({ side: other(side), entity: candidate, score, fixed: entity });
      }
    }
    return found;
  }

  const HITS = 6; // entities that a search for any other counterpart shows

  /** The entities that could replace an end of a pair, or that an entity without a link could have, of which the name or the identifier has
  all words of a text. First come those with this name or identifier, then those that begin with it. */
  function matching(model, texts, row, text) {
    const wanted = plain(text.trim());
    const words = wanted.split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const found = [];
    const ends = row.kind === "pair" ? SIDES.map((side) => [side, row[side], row[other(side)]]) : [[row.side, row.entity, -1]];
    for (const [side, fixed, partner] of ends) {
      texts[other(side)].forEach((parts, entity) => {
        if (entity === partner || !words.every((word) => parts.some((part) => part.includes(word)))) return;
        const rank = parts.includes(wanted) ? 0 : parts.some((part) => part.startsWith(wanted)) ? 1 : 2;
        found.push({ side: other(side), entity, fixed, rank });
      });
    }
    return found.sort((a, b) => a.rank - b.rank);
  }

  /** The verdicts: what is said about pairs and entities, and how the last change is undone. */
  class Verdicts {
    constructor(model) {
      this.model = model;
      this.width = model.sides.right.ids.length;
      this.pairs = new Map();
      this.alone = { left: new Set(), right: new Set() };
      this.partner = { left: new Map(), right: new Map() };
      this.history = [];
      this.changes = [];
    }

    key(left, right) { return left * this.width + right; }

    ends(key) { return { left: Math.floor(key / this.width), right: key % this.width }; }

    get size() { return this.pairs.size + this.alone.left.size + this.alone.right.size; }

    /** Set or delete (null) the word about a pair. */
    setPair(key, word) {
      const before = this.pairs.get(key) || null;
      const { left, right } = this.ends(key);
      if (before === "accept") {
        this.partner.left.delete(left);
        this.partner.right.delete(right);
      }
      if (word) this.pairs.set(key, word);
      else this.pairs.delete(key);
      if (word === "accept") {
        this.partner.left.set(left, right);
        this.partner.right.set(right, left);
      }
      this.changes.push(() => this.setPair(key, before));
    }

    setAlone(side, entity, is) {
      const before = this.alone[side].has(entity);
      if (is) this.alone[side].add(entity);
      else this.alone[side].delete(entity);
      this.changes.push(() => this.setAlone(side, entity, before));
    }

    /** A name inside a sentence, whose direction it cannot change. */
    quoted(side, entity) {
      const name = this.model.name(side, entity).replace(/[\u202a-\u202e\u2066-\u2069]/g, "");
      return `“\u2068${name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name}\u2069”`;
    }

    /** Withdraw that an entity is in an accepted pair other than a given one; say so. */
    withoutPartner(side, entity, but = -1) {
      const partner = this.partner[side].get(entity);
      if (partner === undefined || partner === but) return "";
      const [left, right] = side === "left" ? [entity, partner] : [partner, entity];
      this.setPair(this.key(left, right), null);
      return ` The earlier verdict that ${this.quoted("left", left)} and ${this.quoted("right", right)} are the same was withdrawn.`;
    }

    accept(left, right) {
      let told = "";
      for (const [side, entity, partner] of [["left", left, right], ["right", right, left]]) {
        told += this.withoutPartner(side, entity, partner);
        if (this.alone[side].has(entity)) {
          this.setAlone(side, entity, false);
          told += ` The earlier verdict that ${this.quoted(side, entity)} has no counterpart was withdrawn.`;
        }
      }
      const key = this.key(left, right);
      if (this.pairs.get(key) === "reject") told += " It had been rejected before.";
      if (this.pairs.get(key) !== "accept") this.setPair(key, "accept");
      return told;
    }

    reject(left, right) {
      const key = this.key(left, right);
      const told = this.pairs.get(key) === "accept" ? " It had been accepted before." : "";
      if (this.pairs.get(key) !== "reject") this.setPair(key, "reject");
      return told;
    }

    noCounterpart(side, entity) {
      const told = this.withoutPartner(side, entity);
      if (!this.alone[side].has(entity)) this.setAlone(side, entity, true);
      return told;
    }

    /** Make one step that can be undone, of the changes of a function that returns what to say. */
    step(row, does) {
      this.changes = [];
      const told = does();
      if (this.changes.length) this.history.push({ row, changes: this.changes });
      return { told, changed: this.changes.length > 0 };
    }

    /** Undo the last step; returns its row, or undefined. */
    undo() {
      const last = this.history.pop();
      if (!last) return undefined;
      last.changes.reverse().forEach((change) => change());
      return last.row;
    }

    /** What is decided about a row: a word and a sentence. */
    state(row) {
      if (row.kind === "entity") {
        const partner = this.partner[row.side].get(row.entity);
        if (this.alone[row.side].has(row.entity)) return { word: "none", text: "judged to have no counterpart" };
        if (partner !== undefined) return { word: "accept", text: `accepted with ${this.quoted(other(row.side), partner)}` };
        return { word: UNDECIDED, text: "not judged" };
      }
      const said = this.pairs.get(this.key(row.left, row.right));
      if (said === "accept") return { word: "accept", text: "accepted" };
      const elsewhere = SIDES.filter((side) => this.partner[side].has(row[side])).map((side) => {
        return `${this.quoted(side, row[side])} is accepted with ${this.quoted(other(side), this.partner[side].get(row[side]))}`;
      });
      const without = SIDES.filter((side) => this.alone[side].has(row[side])).map((side) => `${this.quoted(side, row[side])} has no counterpart`);
      const text = [said === "reject" ? "rejected" : "", ...elsewhere, ...without].filter(Boolean).join("; ");
      if (elsewhere.length) return { word: "other", text };
      if (without.length) return { word: "none", text };
      return said === "reject" ? { word: "reject", text } : { word: UNDECIDED, text: "not judged" };
    }

    /** Withdraw all verdicts that decide a row. */
    clear(row) {
      if (row.kind === "pair" && this.pairs.has(this.key(row.left, row.right))) this.setPair(this.key(row.left, row.right), null);
      for (const side of SIDES) {
        const entity = row.kind === "pair" ? row[side] : row.side === side ? row.entity : -1;
        if (entity < 0) continue;
        this.withoutPartner(side, entity);
        if (this.alone[side].has(entity)) this.setAlone(side, entity, false);
      }
    }

    /** All verdicts as text for psqe.links.read_verdicts. */
    tsv() {
      const { id } = this.model;
      const keys = (word) => [...this.pairs].filter(([, said]) => said === word).map(([key]) => key).sort((a, b) => a - b);
      const lines = ["left\tright\tverdict"];
      for (const word of ["accept", "reject"]) {
        for (const key of keys(word)) {
          const { left, right } = this.ends(key);
          lines.push(`${id("left", left)}\t${id("right", right)}\t${word}`);
        }
      }
      const ascending = (side) => [...this.alone[side]].sort((a, b) => a - b);
      ascending("left").forEach((entity) => lines.push(`${id("left", entity)}\t\tno_counterpart`));
      ascending("right").forEach((entity) => lines.push(`\t${id("right", entity)}\tno_counterpart`));
      return `${lines.join("\n")}\n`;
    }

    /** The verdicts as the data of the page and the storage of the browser have them. */
    content() {
      const of = (word) => [...this.pairs].filter(([, said]) => said === word).map(([key]) => [this.ends(key).left, this.ends(key).right]);
      return { accept: of("accept"), reject: of("reject"), left: [...this.alone.left], right: [...this.alone.right] };
    }

    /** Take these verdicts instead of all others; returns whether they are some. */
    take(content) {
      const is = (entity, side) => Number.isInteger(entity) && entity >= 0 && entity < this.model.sides[side].ids.length;
      const fits = content && ["accept", "reject"].every((word) => Array.isArray(content[word])
        && content[word].every((pair) => Array.isArray(pair) && is(pair[0], "left") && is(pair[1], "right")))
        && SIDES.every((side) => Array.isArray(content[side]) && content[side].every((entity) => is(entity, side)));
      if (!fits) return false;
      this.pairs.clear();
      SIDES.forEach((side) => { this.alone[side].clear(); this.partner[side].clear(); });
      content.reject.forEach(([left, right]) => this.reject(left, right));
      SIDES.forEach((side) => content[side].forEach((entity) => this.noCounterpart(side, entity)));
      content.accept.forEach(([left, right]) => this.accept(left, right));
      this.history = [];
      return true;
    }
  }

  /** The sets of rows that can be shown. */
  const FILTERS = {
    proposed: ["proposed pairs", (view, row) => row.at < view.model.n_proposed],
    all: ["everything", () => true],
    links: ["links", (view, row) => row.kind === "pair" && view.isLink(row)],
    below: ["pairs below the threshold", (view, row) => row.kind === "pair" && !view.isLink(row)],
    alone: ["entities without a link", (view, row) => row.kind === "entity"],
    judged: ["judged", (view, row) => view.verdicts.state(row).word !== UNDECIDED],
    open: ["not judged", (view, row) => view.verdicts.state(row).word === UNDECIDED],
  };

  /** The orders of rows; a row without a confidence comes last. */
  function orders(model) {
    const n = model.rows.length;
    const sure = (row, without) => (row.kind === "pair" && model.confidence[row.at] !== null ? model.confidence[row.at] : without);
    const by = (compare) => Uint32Array.from({ length: n }, (_, at) => at).sort((a, b) => compare(model.rows[a], model.rows[b]) || a - b);
    const first = (row) => (row.kind === "pair" ? model.name("left", row.left) : model.name(row.side, row.entity));
    const made = {};
    const make = {
      worth: () => Uint32Array.from({ length: n }, (_, at) => at),
      least: () => by((a, b) => sure(a, 2) - sure(b, 2)),
      most: () => by((a, b) => sure(b, -1) - sure(a, -1)),
      name: () => {
        const collator = new Intl.Collator("en", { numeric: true });
        return by((a, b) => collator.compare(first(a), first(b)));
      },
    };
    return (name) => { made[name] = made[name] || make[name](); return made[name]; };
  }
  const ORDERS = { worth: "most useful verdicts first", least: "least confident first", most: "most confident first", name: "by name" };

  // The page.

  const get = (id) => document.getElementById(id);

  /** Add an element with attributes and a text. */
  function add(parent, tag, attributes = {}, text = "") {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text) element.textContent = text;
    parent.append(element);
    return element;
  }

  class Page {
    constructor(model, identity) {
      this.model = model;
      this.verdicts = new Verdicts(model);
      this.place = `psqe-review-${identity}`;
      this.threshold = model.threshold;
      this.ordered = orders(model);
      this.shown = [];
      this.at = -1; // the position of the selected row among those shown
      this.asks = false; // whether n was pressed, and a side is awaited
      this.unsaved = false;
      this.begin();
      this.listen();
      this.verdictButtons();
      this.tellThreshold();
      this.find();
    }

    isLink(row) {
      const confidence = this.model.confidence[row.at];
      return confidence !== null && confidence >= Math.fround(this.threshold);
    }

    get row() { return this.model.rows[this.shown[this.at]]; }

    say(text) { get("said").textContent = text; }

    // ---- verdicts that are kept

    begin() {
      const { model } = this;
      this.verdicts.take(model.verdicts);
      let note = "";
      try {
        const kept = localStorage.getItem(this.place);
        const content = kept === null ? null : JSON.parse(kept);
        if (content && this.verdicts.take(content.verdicts)) {
          this.unsaved = Boolean(content.unsaved);
          if (this.verdicts.size) note = `This browser kept ${plural(this.verdicts.size, "verdict")} for this page, so you can go on where you ended.`;
        } else if (content) note = "This browser kept verdicts for this page that cannot be read; they are left out.";
        localStorage.setItem(`${this.place}-try`, "");
        localStorage.removeItem(`${this.place}-try`);
      } catch (error) {
        note = "This browser keeps nothing for this page. Download your verdicts before you close it.";
      }
      const notes = [note];
      if (model.n_left_out) notes.push(`The pictures of ${plural(model.n_left_out, "entity", "entities")} are left out, because the page would be too large.`);
      if (!model.calibrated) notes.push("The confidence is not calibrated on these data. It orders the pairs, and is usually too high.");
      get("storage").textContent = notes.filter(Boolean).join(" ");
      get("credit").textContent = model.credit;
      for (const [id, choices] of [["filter", FILTERS], ["order", ORDERS]]) {
        for (const [value, text] of Object.entries(choices)) add(get(id), "option", { value }, Array.isArray(text) ? text[0] : text);
      }
      get("filter").value = model.n_proposed ? "proposed" : "all";
    }

    keep() {
      try {
        localStorage.setItem(this.place, JSON.stringify({ verdicts: this.verdicts.content(), unsaved: this.unsaved }));
      } catch (error) {
        get("storage").textContent = "This browser cannot keep your verdicts. Download them before you close this page.";
      }
    }

    download() {
      if (!this.verdicts.size) {
        this.say("There is no verdict to download.");
        return;
      }
      const address = URL.createObjectURL(new Blob([this.verdicts.tsv()], { type: "text/tab-separated-values" }));
      const link = add(document.body, "a", { href: address, download: "verdicts.tsv", hidden: "" });
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(address), 60000);
      this.unsaved = false;
      this.keep();
      this.say(`${plural(this.verdicts.size, "verdict")} went into verdicts.tsv. Give this file to the next run: psqe align … --verdicts verdicts.tsv`);
    }

    // ---- the list

    /** Show the rows that fit the search and the filter; a selected row stays selected if it is among them. */
    find() {
      const words = plain(get("search").value).split(/\s+/).filter(Boolean);
      const fits = FILTERS[get("filter").value][1];
      const before = this.row;
      const { rows } = this.model;
      this.shown = Array.from(this.ordered(get("order").value)).filter((at) => fits(this, rows[at]) && (!words.length || this.has(at, words)));
      const all = this.shown.length;
      get("count").textContent = all ? `${whole(all)} of ${plural(rows.length, "row")}.` : "Nothing fits. Change the search, or show everything.";
      this.at = -1;
      this.select(Math.max(0, before ? this.shown.indexOf(before.at) : 0));
    }

    has(at, words) {
      if (!this.texts) this.texts = this.model.rows.map((row) => this.searched(row));
      return words.every((word) => this.texts[at].includes(word));
    }

    searched(row) {
      const { name, id } = this.model;
      const ends = row.kind === "pair" ? SIDES.map((side) => [side, row[side]]) : [[row.side, row.entity]];
      return plain(ends.map(([side, entity]) => `${name(side, entity)} ${id(side, entity)}`).join(" "));
    }

    /** Select the row at a position among those shown, and show the page of the list that it is on. */
    select(at) {
      this.asks = false;
      const changedPage = this.at < 0 || Math.floor(at / PAGE) !== Math.floor(this.at / PAGE);
      this.at = this.shown.length ? Math.min(Math.max(at, 0), this.shown.length - 1) : -1;
      if (changedPage) this.list();
      else this.mark();
      this.detail();
    }

    list() {
      const list = get("list");
      list.replaceChildren();
      const from = Math.floor(Math.max(0, this.at) / PAGE) * PAGE;
      const part = this.shown.slice(from, from + PAGE);
      part.forEach((at, k) => this.option(list, this.model.rows[at], from + k));
      const last = from + part.length;
      get("page-text").textContent = part.length ? `${whole(from + 1)} to ${whole(last)} of ${whole(this.shown.length)}` : "";
      get("page-before").disabled = from === 0;
      get("page-after").disabled = last >= this.shown.length;
      list.scrollTop = 0;
      this.mark();
    }

    option(list, row, position) {
      const item = add(list, "li", { role: "option", id: `row-${row.at}`, "aria-posinset": position + 1, "aria-setsize": this.shown.length });
      const pictures = add(item, "span", { class: "pictures", "aria-hidden": "true" });
      const names = add(item, "span", { class: "names" });
      const ends = row.kind === "pair" ? SIDES.map((side) => [side, row[side]]) : [[row.side, row.entity]];
      ends.forEach(([side, entity], k) => {
        this.picture(pictures, side, entity, "");
        if (k) add(names, "span", {}, "–");
        this.name(names, side, entity);
      });
      add(item, "span", { class: "facts" });
      item.addEventListener("click", () => { this.select(position); this.reveal(); });
    }

    /** Bring selection, facts and progress of what is on the page up to date. */
    mark() {
      const list = get("list");
      for (const item of list.children) {
        const row = this.model.rows[Number(item.id.slice(4))];
        item.setAttribute("aria-selected", String(row === this.row));
        const facts = item.lastElementChild;
        facts.replaceChildren();
        facts.append(this.facts(row));
        const { word, text } = this.verdicts.state(row);
        if (word === UNDECIDED) continue;
        facts.append(", ");
        const sign = { accept: "✓", reject: "✗", none: "∅", other: "→" }[word];
        add(facts, "span", { class: `mark ${word}` }, `${sign} ${text}`);
      }
      const chosen = this.row && get(`row-${this.row.at}`);
      if (chosen) {
        list.setAttribute("aria-activedescendant", chosen.id);
        const [top, bottom] = [chosen.offsetTop - list.offsetTop, chosen.offsetTop - list.offsetTop + chosen.offsetHeight];
        if (top < list.scrollTop) list.scrollTop = top;
        else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
      } else list.removeAttribute("aria-activedescendant");
      const { n_proposed: n, rows } = this.model;
      const done = rows.slice(0, n).filter((row) => this.verdicts.state(row).word !== UNDECIDED).length;
      get("progress").max = Math.max(1, n);
      get("progress").value = done;
      get("progress-text").textContent = `${done} of ${n} proposed, ${plural(this.verdicts.size, "verdict")} in all`;
      get("undo").disabled = !this.verdicts.history.length;
    }

    facts(row) {
      if (row.kind === "entity") return `${row.side} entity without a link`;
      const confidence = this.model.confidence[row.at];
      if (confidence === null) return "rejected before";
      return `confidence ${number(confidence)}${this.isLink(row) ? "" : ", below the threshold"}${this.model.seeds.has(row.at) ? ", a seed" : ""}`;
    }

    name(parent, side, entity, tag = "bdi") {
      const { language } = this.model.sides[side];
      return add(parent, tag, { class: "name", dir: "auto", ...(language ? { lang: language } : {}) }, this.model.name(side, entity));
    }

    picture(parent, side, entity, alt) {
      const place = this.model.sides[side].pictures[entity];
      if (place >= 0) add(parent, "img", { src: this.model.pictures[place], alt, width: 64, height: 64 });
    }

    // ---- the selected row

    detail() {
      const box = get("detail");
      box.replaceChildren();
      box.scrollTop = 0;
      this.verdictButtons();
      const { row } = this;
      if (!row) {
        add(box, "p", {}, "No row is selected.");
        return;
      }
      const { word, text } = this.verdicts.state(row);
      const heading = add(box, "h2", { id: "detail-heading", tabindex: "-1" });
      heading.append(row.kind === "pair" ? "Are these the same? " : "Has this entity a counterpart? ");
      add(heading, "span", { class: `mark ${word}` }, `(${text})`);
      const cards = add(box, "div", row.kind === "pair" ? { class: "both" } : {});
      if (row.kind === "pair") {
        SIDES.forEach((side) => this.card(cards, side, row[side]));
        this.why(box, row);
      } else {
        this.card(cards, row.side, row.entity);
        add(box, "p", {}, `It has no link: ${row.reason}.`);
        this.bestPair(box, row);
      }
      this.others(box, row);
    }

    card(parent, side, entity) {
      const { graph, attributes, neighbours } = this.model.sides[side];
      const { texts } = this.model;
      const card = add(parent, "div", { class: "card" });
      this.picture(card, side, entity, "");
      const about = add(card, "span", { class: "more" }, `${side}: `);
      add(about, "bdi", {}, graph);
      this.name(card, side, entity, "span");
      add(card, "span", { class: "id", dir: "auto" }, this.model.id(side, entity));
      if (!attributes[entity].length && !neighbours[entity].length) return;
      const list = add(card, "ul");
      [...attributes[entity], ...neighbours[entity]].forEach(([label, value]) => {
        const item = add(list, "li");
        add(item, "bdi", { class: "label" }, texts[label]);
        if (value < 0) return;
        item.append(": ");
        add(item, "bdi", {}, texts[value]);
      });
    }

    why(box, row) {
      const { pairs, seeds } = this.model;
      const confidence = this.model.confidence[row.at];
      add(box, "h3", {}, "What speaks for the pair");
      const facts = add(box, "p");
      if (confidence === null) facts.append("A person rejected this pair before the alignment, so it has no confidence. ");
      else {
        facts.append(`Confidence ${number(confidence)}: with the threshold ${this.thresholdText()} the pair is ${this.isLink(row) ? "a" : "no"} link. `);
      }
      if (pairs.similarity[row.at] !== null) facts.append(`Similarity of the model ${number(pairs.similarity[row.at])}`);
      const margin = pairs.margin[row.at];
      if (margin !== null) facts.append(`, ${number(Math.abs(margin), 3)} ${margin < 0 ? "behind" : "ahead of"} the best other candidate`);
      if (pairs.similarity[row.at] !== null) facts.append(". ");
      if (seeds.has(row.at)) facts.append("The pair was a seed: the model was given it.");
      this.modalities(box, row);
      this.around(box, row);
    }

    modalities(box, row) {
      const table = add(box, "table", { class: "why" });
      add(table, "caption", { class: "more" }, "Cosine of the two entities by modality, each side's mean subtracted");
      const body = add(table, "tbody");
      for (const [modality, values] of Object.entries(this.model.pairs.cosines)) {
        const line = add(body, "tr");
        const value = values[row.at];
        add(line, "th", { scope: "row", dir: "auto" }, modality);
        const bar = add(line, "td", { class: "bar" });
        if (value === null) {
          bar.setAttribute("colspan", "2");
          bar.setAttribute("class", "more");
          bar.textContent = "one of the two has no vector of it";
          continue;
        }
        add(add(bar, "span", { class: "track" }), "span").style.width = `${Math.max(0, Math.min(1, value)) * 100}%`;
        add(line, "td", { class: "number" }, number(value));
      }
    }

    around(box, row) {
      const n = this.model.pairs.n_around[row.at];
      const named = this.model.pairs.around[row.at];
      if (!n) {
        add(box, "p", { class: "around" }, "No neighbours of the two are linked with each other.");
        return;
      }
      const text = add(box, "p", { class: "around" }, `${plural(n, "pair")} of neighbours ${n === 1 ? "is" : "are"} linked with each other: `);
      for (let k = 0; k < named.length; k += 2) {
        if (k) text.append("; ");
        this.name(text, "left", named[k]);
        text.append(" – ");
        this.name(text, "right", named[k + 1]);
        if (this.model.seeds.has(this.model.linked.left.get(named[k]))) text.append(" (a seed)");
      }
      text.append(2 * n > named.length ? `; and ${plural(n - named.length / 2, "more", "more")}.` : ".");
    }

    /** The pair below the threshold that an entity without a link is in, if there is one. */
    bestPair(box, row) {
      const at = this.model.linked[row.side].get(row.entity);
      if (at === undefined) return;
      const text = add(box, "p", {}, `The pair that was chosen for it has the confidence ${number(this.model.confidence[at])}: `);
      this.name(text, "left", this.model.rows[at].left);
      text.append(" – ");
      this.name(text, "right", this.model.rows[at].right);
      text.append(".");
    }

    others(box, row) {
      const found = candidates(this.model, row);
      add(box, "h3", {}, row.kind === "pair" ? "Choose another candidate instead" : "Choose a counterpart");
      if (!found.length) add(box, "p", {}, "There is no other candidate.");
      const list = add(box, "ul", { class: "candidates" });
      found.forEach((candidate, k) => this.candidate(list, row, candidate, String(k + 1)));
      this.anyOther(box, row);
    }

    /** A button that chooses a candidate, with its key if it has one. */
    candidate(list, row, candidate, key) {
      const { side, entity, score, fixed } = candidate;
      const button = add(add(list, "li"), "button", { type: "button" });
      if (key) add(button, "kbd", {}, key);
      else add(button, "span");
      const picture = add(button, "span");
      this.picture(picture, side, entity, "");
      const about = add(button, "span", { class: "about" });
      this.name(about, side, entity, "span");
      add(about, "span", { class: "id", dir: "auto" }, this.model.id(side, entity));
      const notes = row.kind === "pair" ? [`instead of the ${side} entity`] : [];
      if (score !== undefined) notes.push(`similarity ${number(score)}`);
      const line = add(about, "span", { class: "more" }, `${notes.join(", ")}${this.elsewhere(side, entity, fixed)}`.replace(/^, /, ""));
      line.setAttribute("dir", "ltr");
      button.addEventListener("click", () => this.take(candidate));
    }

    /** A search for a counterpart that is not among the candidates. */
    anyOther(box, row) {
      const label = add(box, "label", { class: "any-other" }, "Or search any other entity, by name or identifier ");
      add(label, "kbd", {}, "o");
      const input = add(label, "input", { type: "search", id: "other-search", autocomplete: "off", spellcheck: "false" });
      const told = add(box, "p", { id: "other-count", role: "status" });
      const list = add(box, "ul", { class: "candidates", id: "other-hits" });
      input.addEventListener("input", () => {
        this.sideTexts = this.sideTexts || Object.fromEntries(SIDES.map((side) => {
          const { names, ids } = this.model.sides[side];
          return [side, names.map((name, entity) => [plain(name), plain(ids[entity])])];
        }));
        const hits = matching(this.model, this.sideTexts, row, input.value);
        list.replaceChildren();
        hits.slice(0, HITS).forEach((hit) => this.candidate(list, row, hit, ""));
        if (!input.value.trim()) told.textContent = "";
        else if (!hits.length) told.textContent = "No other candidate has this in its name or its identifier.";
        else told.textContent = hits.length > HITS ? `The first ${HITS} of ${whole(hits.length)}. Write more of the name, or the identifier, to see others.` : `${plural(hits.length, "entity", "entities")}.`;
        label.scrollIntoView({ block: "start" }); // so that what was found below is seen
      });
    }

    /** With which entity a candidate is accepted or linked, if it is another one. */
    elsewhere(side, entity, fixed) {
      const accepted = this.verdicts.partner[side].get(entity);
      if (accepted === fixed) return ", accepted";
      if (accepted !== undefined) return `, accepted with ${this.verdicts.quoted(other(side), accepted)}`;
      const at = this.model.linked[side].get(entity);
      if (at === undefined) return "";
      const row = this.model.rows[at];
      return this.isLink(row) && row[other(side)] !== fixed ? `, linked with ${this.verdicts.quoted(other(side), row[other(side)])}` : "";
    }

    /** On a phone, where the selected row stands below the list, bring it into view. */
    reveal() {
      if (window.matchMedia("(max-width: 799.98px)").matches) get("detail").scrollIntoView({ block: "start" });
    }

    // ---- giving verdicts

    verdictButtons() {
      const box = get("verdict-buttons");
      const focused = box.contains(document.activeElement) ? document.activeElement.dataset.does : null;
      box.replaceChildren();
      const put = (does, text, key, act, main = false) => {
        const button = add(box, "button", { type: "button", "data-does": does, ...(main ? { class: "main" } : {}) }, `${text} `);
        add(button, "kbd", {}, key);
        button.addEventListener("click", act);
      };
      const { row } = this;
      if (row && this.asks) {
        put("left", "Left has none", "l", () => this.noCounterpart(["left"]));
        put("right", "Right has none", "r", () => this.noCounterpart(["right"]));
        put("both", "Neither has one", "b", () => this.noCounterpart(SIDES));
        put("cancel", "Cancel", "Esc", () => this.cancel());
      } else if (row) {
        if (row.kind === "pair") {
          put("accept", "Accept", "a", () => this.accept(), true);
          put("reject", "Reject", "r", () => this.reject());
        }
        put("none", "No counterpart", "n", () => this.ask());
        put("clear", "Clear", "c", () => this.clear());
        put("before", "Before", "k", () => { this.go(-1); this.reveal(); });
        put("next", "Next", "j", () => { this.go(1); this.reveal(); });
      }
      if (focused) (box.querySelector(`[data-does=${focused}]`) || box.querySelector("button") || get("list")).focus();
    }

    /** Carry out one step on the selected row, tell it, and go on to the next row that is not judged. */
    judge(what, does) {
      const { row } = this;
      const { told, changed } = this.verdicts.step(row.at, does);
      if (document.activeElement !== get("list")) this.reveal();
      if (!changed) {
        this.say(`${what} This was said before.`);
        this.go(1, true);
        return;
      }
      this.changed();
      const next = this.shown.findIndex((at, k) => k > this.at && this.verdicts.state(this.model.rows[at]).word === UNDECIDED);
      if (next >= 0) {
        this.select(next);
        this.say(`${what}${told} Next: ${this.title(this.row)}.`);
      } else {
        this.select(this.at);
        this.say(`${what}${told} There is no row below that is not judged.`);
      }
    }

    changed() {
      this.unsaved = true;
      this.keep();
    }

    title(row) {
      const { verdicts } = this;
      if (row.kind === "entity") return `${verdicts.quoted(row.side, row.entity)}, ${this.facts(row)}`;
      return `${verdicts.quoted("left", row.left)} and ${verdicts.quoted("right", row.right)}, ${this.facts(row)}`;
    }

    pairText(left, right) { return `${this.verdicts.quoted("left", left)} and ${this.verdicts.quoted("right", right)}`; }

    accept() {
      const { row } = this;
      if (!row) return;
      if (row.kind !== "pair") this.say("This is one entity. Choose a counterpart by its number, search one with o, or say that it has none.");
      else this.judge(`Accepted: ${this.pairText(row.left, row.right)}.`, () => this.verdicts.accept(row.left, row.right));
    }

    reject() {
      const { row } = this;
      if (!row) return;
      if (row.kind !== "pair") this.say("This is one entity, so there is no pair to reject.");
      else this.judge(`Rejected: ${this.pairText(row.left, row.right)}.`, () => this.verdicts.reject(row.left, row.right));
    }

    choose(k) {
      const { row } = this;
      const candidate = row && candidates(this.model, row)[k];
      if (candidate) this.take(candidate);
      else this.say(`There is no candidate ${k + 1}.`);
    }

    take(candidate) {
      const { row, verdicts } = this;
      const [left, right] = candidate.side === "left" ? [candidate.entity, candidate.fixed] : [candidate.fixed, candidate.entity];
      const instead = row.kind === "pair" ? ` instead of ${verdicts.quoted(candidate.side, row[candidate.side])}` : "";
      this.judge(`Accepted: ${this.pairText(left, right)}${instead}.`, () => {
        if (row.kind === "pair") verdicts.reject(row.left, row.right);
        return verdicts.accept(left, right);
      });
    }

    /** Say that an entity has no counterpart, or ask which one of a pair. */
    ask() {
      const { row } = this;
      if (!row) return;
      if (row.kind === "entity") {
        this.noCounterpart([row.side]);
        return;
      }
      this.asks = true;
      this.verdictButtons();
      this.say("Which entity has no counterpart? Press l for the left one, r for the right one, b for both, or Escape.");
    }

    noCounterpart(sides) {
      const { row, verdicts } = this;
      this.asks = false;
      const named = sides.map((side) => [side, row.kind === "pair" ? row[side] : row.entity]);
      const who = named.map(([side, entity]) => verdicts.quoted(side, entity)).join(" and ");
      this.judge(`No counterpart: ${who}.`, () => named.map(([side, entity]) => verdicts.noCounterpart(side, entity)).join(""));
    }

    cancel() {
      this.asks = false;
      this.verdictButtons();
      this.say("Nothing was said about the pair.");
    }

    clear() {
      const { row } = this;
      if (!row) return;
      const { changed } = this.verdicts.step(row.at, () => this.verdicts.clear(row));
      if (changed) this.changed();
      this.select(this.at);
      this.say(changed ? "The verdicts on this row were withdrawn." : "There is no verdict on this row.");
    }

    undo() {
      const at = this.verdicts.undo();
      if (at === undefined) {
        this.say("There is nothing to undo.");
        return;
      }
      this.changed();
      let place = this.shown.indexOf(at);
      if (place < 0) {
        get("search").value = "";
        get("filter").value = "all";
        this.find();
        place = this.shown.indexOf(at);
      }
      this.select(place);
      this.say(`Undone. ${this.title(this.row)} is ${this.verdicts.state(this.row).text}.`);
    }

    go(by, quiet = false) {
      const to = this.at + by;
      if (to < 0 || to >= this.shown.length) {
        if (!quiet) this.say(by > 0 ? "This is the last row." : "This is the first row.");
        return;
      }
      this.select(to);
      if (!quiet) this.say("");
    }

    turn(by) {
      this.select((Math.floor(this.at / PAGE) + by) * PAGE);
    }

    // ---- the threshold

    thresholdText() { return number(this.threshold, Number.isInteger(Math.round(1e6 * this.threshold) / 1e4) ? 2 : 3); }

    tellThreshold() {
      const { n, correct } = above(this.model, this.threshold);
      get("threshold").value = this.threshold;
      const told = n ? `expected precision ${number((100 * correct) / n, 1)} %, ${whole(Math.round(correct))} expected to be correct` : "";
      get("threshold-text").textContent = `At ${this.thresholdText()}: ${plural(n, "link")}${told ? `, ${told}` : ""}.`;
      get("threshold-reset").disabled = this.threshold === this.model.threshold;
    }

    setThreshold(value) {
      this.threshold = value;
      this.tellThreshold();
      if (["links", "below"].includes(get("filter").value)) this.find();
      else this.select(this.at);
    }

    // ---- keys and buttons

    listen() {
      const on = (id, event, act) => get(id).addEventListener(event, act);
      on("search", "input", () => this.find());
      on("filter", "change", () => this.find());
      on("order", "change", () => this.find());
      on("threshold", "input", () => this.setThreshold(Number(get("threshold").value)));
      on("threshold-reset", "click", () => this.setThreshold(this.model.threshold));
      on("page-before", "click", () => this.turn(-1));
      on("page-after", "click", () => this.turn(1));
      on("download", "click", () => this.download());
      on("undo", "click", () => this.undo());
      on("help-open", "click", () => get("help").showModal());
      document.addEventListener("keydown", (event) => this.press(event));
      window.addEventListener("beforeunload", (event) => {
        if (!this.unsaved) return;
        event.preventDefault();
        event.returnValue = "";
      });
      window.addEventListener("storage", (event) => {
        if (event.key !== this.place) return;
        get("storage").textContent = "This page is open twice, and verdicts were given in the other window. Reload this one before you go on.";
      });
    }

    press(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || get("help").open) return;
      const { target } = event;
      const inSearch = target === get("search") || target.id === "other-search";
      if (inSearch && event.key === "Escape") {
        if (target.id === "other-search") {
          target.value = "";
          target.dispatchEvent(new Event("input"));
        }
        get("list").focus();
      }
      const writes = inSearch || target.tagName === "SELECT" || target === get("threshold");
      if (writes || !get("keys").checked) {
        if (target === get("list")) this.pressInList(event);
        return;
      }
      if (this.asks) {
        this.pressSide(event);
        return;
      }
      const acts = {
        j: () => this.move(1), k: () => this.move(-1), a: () => this.accept(), r: () => this.reject(), n: () => this.ask(),
        c: () => this.clear(), u: () => this.undo(), o: () => this.searchOther(), "/": () => get("search").focus(), "?": () => get("help").showModal(),
      };
      for (let k = 0; k < 4; k += 1) acts[String(k + 1)] = () => this.choose(k);
      const key = event.key.toLowerCase();
      if (Object.hasOwn(acts, key)) {
        event.preventDefault();
        // A key that is held down moves on, but judges only once.
        if (!event.repeat || "jk".includes(key)) acts[key]();
      } else if (target === get("list") || target === document.body) this.pressInList(event);
    }

    /** The keys that a list has everywhere, also while the letters are switched off. */
    pressInList(event) {
      const acts = {
        ArrowDown: () => this.move(1), ArrowUp: () => this.move(-1), PageDown: () => this.move(10), PageUp: () => this.move(-10),
        Home: () => this.select(0), End: () => this.select(this.shown.length - 1), Enter: () => this.read(), " ": () => this.read(),
      };
      if (!Object.hasOwn(acts, event.key)) return;
      if (event.target !== get("list") && !event.key.startsWith("Arrow")) return;
      event.preventDefault();
      acts[event.key]();
    }

    searchOther() {
      const input = get("other-search");
      if (!input) return;
      input.focus();
      input.select();
      input.parentElement.scrollIntoView({ block: "start" });
    }

    read() { if (this.row) get("detail-heading").focus(); }

    move(by) {
      get("list").focus({ preventScroll: true });
      const last = this.shown.length - 1;
      this.go(Math.abs(by) > 1 ? Math.min(last, Math.max(0, this.at + by)) - this.at : by);
    }

    pressSide(event) {
      const sides = { l: ["left"], r: ["right"], b: SIDES };
      if (event.repeat || ["Shift", "CapsLock", "Tab", "Enter", " "].includes(event.key)) return;
      event.preventDefault();
      const key = event.key.toLowerCase();
      if (Object.hasOwn(sides, key)) this.noCounterpart(sides[key]);
      else this.cancel();
    }
  }

  const source = get("review-data");
  const page = new Page(indexed(JSON.parse(source.textContent)), source.dataset.identity);
  window.psqeReview = { tsv: () => page.verdicts.tsv(), isUnsaved: () => page.unsaved };
})();
