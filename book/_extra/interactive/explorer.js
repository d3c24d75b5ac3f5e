/* The map and the matching explorer of runs/explorer.html, from the JSON of psqe.study.figures.Explorer.

Entities are named by their side and their position among the candidates of the side. All texts of entities are put
in as text, never as HTML. Nothing is loaded. */
(function () {
  "use strict";

  const SIDES = ["left", "right"];
  const other = (side) => (side === "left" ? "right" : "left");
  const MAP_UNITS = 10000; // psqe.study.figures.explorer.MAP_UNITS
  const SCALE = 1000; // ten to the power of psqe.study.figures.explorer.DECIMALS
  const MOST_MATCHES = 24;
  const number = (whole) => (whole / SCALE).toFixed(2).replace("-", "−");
  const plural = (n, word) => `${n.toLocaleString("en")} ${n === 1 ? word : `${word}s`}`.replace("entitys", "entities");

  // What the data say, without a page.

  /** The data with what is looked up often: the counterparts of each entity, and the seed that it is in. */
  function indexed(data) {
    const size = (side) => data.sides[side].names.length;
    const empty = (fill) => ({ left: Array.from({ length: size("left") }, fill), right: Array.from({ length: size("right") }, fill) });
    const counterparts = empty(() => []);
    for (let at = 0; at < data.links.length; at += 2) {
      counterparts.left[data.links[at]].push(data.links[at + 1]);
      counterparts.right[data.links[at + 1]].push(data.links[at]);
    }
    const miners = data.miners.map((miner) => {
      const seedOf = empty(() => -1);
      for (let k = 0; 2 * k < miner.pairs.length; k += 1) {
        seedOf.left[miner.pairs[2 * k]] = k;
        seedOf.right[miner.pairs[2 * k + 1]] = k;
      }
      return { ...miner, seedOf, view: data.views.find((view) => view.name === miner.view) };
    });
    return { ...data, size, counterparts, miners };
  }

  /** The end of a seed on a side. */
  const end = (miner, k, side) => miner.pairs[2 * k + (side === "left" ? 0 : 1)];

  /** The candidates of an entity by one comparison, best first. */
  function candidates(view, side, place) {
    const k = view.k[side];
    const from = k * place;
    return view.best[side].slice(from, from + k).map((found, at) => ({ place: found, score: view.scores[side][from + at] }));
  }

  const nearest = (view, side, place) => view.best[side][view.k[side] * place];
  const isTied = (view, side, place) => view.tied[side].includes(place);

  /** What a miner took for an entity: the place of the partner, or -1. */
  function chosen(miner, side, place) {
    const k = miner.seedOf[side][place];
    return k < 0 ? -1 : end(miner, k, other(side));
  }

  /** Whether an entity is in a seed that is a true link. */
  const isCorrect = (model, miner, side, place) => model.counterparts[side][place].includes(chosen(miner, side, place));

  /** Why a miner took what it took: pieces of sentences, of which arrays [side, place] are entities. */
  function why(miner, side, place) {
    const kind = miner.events.length ? miner.events[0][0] : "";
    const rule = { pivot: whyPivot, mutual: whyMutual }[kind] || whyStages;
    return rule(miner, side, place);
  }

  function whyPivot(miner, side, place) {
    const away = other(side);
    const k = miner.seedOf[side][place];
    const n = miner.scores.length;
    const best = nearest(miner.view, side, place);
    const by = miner.seedOf[away][best];
    const score = miner.view.scores[side][miner.view.k[side] * place];
    if (k < 0 && by >= 0) {
      return ["Its most similar by ", miner.view.name, " is ", [away, best], `, which pair ${by + 1} of ${n} took together with `,
        [side, end(miner, by, side)], ". The rule ended before it came to another pair of this entity."];
    }
    if (k < 0) {
      return ["Its most similar by ", miner.view.name, " is ", [away, best], `, with ${number(score)}. The rule ended after ${n} pairs, `,
        `of which the last has ${number(miner.scores[n - 1])}.`];
    }
    const partner = end(miner, k, away);
    const position = `It is pair ${k + 1} of ${n}, with ${number(miner.scores[k])}.`;
    if (partner === best) {
      return [[away, partner], " is its most similar by ", miner.view.name, `, and both were free. ${position}`];
    }
    if (by >= 0 && by < k) {
      return ["Its most similar by ", miner.view.name, " is ", [away, best], `, which pair ${by + 1} had taken. `, [away, partner],
        ` was the most similar one that was free. ${position}`];
    }
    return [[away, partner], " was the most similar one by ", miner.view.name, ` that was free. ${position}`];
  }

  function whyMutual(miner, side, place) {
    const away = other(side);
    const k = miner.seedOf[side][place];
    const n = miner.scores.length;
    if (k >= 0) {
      return ["Each is the other's most similar by ", miner.view.name, `. It is pair ${k + 1} of ${n}, with ${number(miner.scores[k])}.`];
    }
    const found = whyNotMutual(miner.view, side, place);
    if (found) return found.flat();
    const score = miner.view.scores[side][miner.view.k[side] * place];
    return ["It and ", [away, nearest(miner.view, side, place)], ` are each other's most similar by ${miner.view.name}, with `,
      `${number(score)}, but the rule keeps ${n} pairs, of which the last has ${number(miner.scores[n - 1])}.`];
  }

  /** What keeps an entity and its most similar from being a clear mutual choice, and what follows; null if nothing does. */
  function whyNotMutual(view, side, place) {
    const away = other(side);
    const best = nearest(view, side, place);
    const clear = " The rule takes clear choices only.";
    if (isTied(view, side, place)) {
      return [[`Two candidates are equally similar to it by ${view.name}: `, [away, best], " and ",
        [away, candidates(view, side, place)[1].place], "."], clear];
    }
    if (isTied(view, away, best)) {
      return [[`Its most similar by ${view.name} is `, [away, best], ", to which two entities are equally similar."], clear];
    }
    const back = nearest(view, away, best);
    if (back === place) return null;
    return [[`Its most similar by ${view.name} is `, [away, best], ", but the most similar of that one is ", [side, back], "."],
      " The choice is not mutual."];
  }

  function whyStages(miner, side, place) {
    const column = side === "left" ? 2 : 3;
    const mine = miner.events.filter((event) => event[column] === place);
    const pieces = mine.flatMap(([stage, did, left, right, reason]) => [
      `The stage ${stage} ${did} the pair with `, [other(side), side === "left" ? right : left], ` (${reason}). `]);
    const k = miner.seedOf[side][place];
    if (k >= 0) return [...pieces, `It is pair ${k + 1} of ${miner.scores.length}.`];
    if (mine.length) return [...pieces, "No later stage took a pair with it."];
    const reason = whyNotMutual(miner.view, side, place);
    return ["No stage took a pair with it. ", ...(reason ? reason[0] : [
      "It and ", [other(side), nearest(miner.view, side, place)], ` are each other's most similar by ${miner.view.name}, but the stages `,
      "trusted other pairs more."])];
  }

  /** The sets of entities that a reader can go through; each tells whether an entity is in it. */
  function sets(model) {
    const first = model.miners[0];
    const last = model.miners[model.miners.length - 1];
    const [before, after] = model.views.slice(-2);
    const wrong = (miner, side, place) => chosen(miner, side, place) >= 0 && !isCorrect(model, miner, side, place);
    return [
      ["all entities", () => true],
      [`wrong by ${first.name}, correct by ${last.name}`, (s, p) => wrong(first, s, p) && isCorrect(model, last, s, p)],
      ...model.miners.map((miner) => [`in a wrong seed of ${miner.name}`, (s, p) => wrong(miner, s, p)]),
      ["in no seed of any rule", (s, p) => model.miners.every((miner) => chosen(miner, s, p) < 0)],
      [`first by ${before.name}, not by ${after.name}`, (s, p) => before.ranks[s][p] === 1 && after.ranks[s][p] > 1],
      ["counterpart never ranked first", (s, p) => model.counterparts[s][p].length > 0 && model.views.every((v) => v.ranks[s][p] > 1)],
      ["without a counterpart", (s, p) => model.counterparts[s][p].length === 0],
    ];
  }

  /** A text as it is searched: small letters without accents. */
  const searched = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();

  const core = { indexed, candidates, chosen, isCorrect, why, sets, searched };
  if (typeof module !== "undefined" && module.exports) {
    module.exports = core;
    return;
  }

  // From here on: the page.

  function add(parent, name, attributes = {}, text = "") {
    const child = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) child.setAttribute(key, value);
    child.append(text);
    parent.append(child);
    return child;
  }

  function picture(parent, model, side, place) {
    const sheet = model.sides[side];
    const shown = add(parent, "span", { "aria-hidden": "true" });
    if (sheet.without.includes(place)) {
      shown.className = "entity-picture none";
      return;
    }
    shown.className = `entity-picture ${side}`;
    const share = (at, n) => (n > 1 ? (100 * at) / (n - 1) : 0);
    shown.style.backgroundPosition = `${share(place % sheet.columns, sheet.columns)}% ${share(Math.floor(place / sheet.columns), sheet.rows)}%`;
  }

  function name(parent, model, side, place, tag = "span") {
    const { language, names } = model.sides[side];
    return add(parent, tag, language ? { lang: language } : {}, names[place]);
  }

  function sentence(parent, model, pieces) {
    for (const piece of pieces) {
      if (Array.isArray(piece)) name(parent, model, ...piece, "em");
      else parent.append(piece);
    }
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /** The map: a canvas, which is drawn again after every change. */
  function buildMap(figure, model, pick) {
    figure.replaceChildren();
    const state = { map: 0, from: 0, t: 1, scale: 1, x: MAP_UNITS / 2, y: MAP_UNITS / 2,
      hovered: null, pinned: null, group: "", lines: true, crosshair: false };
    const controls = add(figure, "div", { class: "controls", role: "group", "aria-label": "What the map shows" });
    const choice = add(controls, "fieldset");
    add(choice, "legend", { class: "entity-hidden" }, "Map");
    model.maps.forEach((map, at) => {
      const label = add(choice, "label", { class: "tick" });
      const radio = add(label, "input", { type: "radio", name: "entity-map", value: String(at) });
      radio.checked = at === 0;
      label.append(map.name);
      radio.addEventListener("change", () => move(at));
    });
    const tick = add(controls, "label", { class: "tick" });
    const lines = add(tick, "input", { type: "checkbox" });
    tick.append("true links");
    lines.checked = true;
    lines.addEventListener("change", () => { state.lines = lines.checked; draw(); });
    const field = add(controls, "div", { class: "field" });
    add(field, "label", { for: "entity-map-group" }, "Group");
    const select = add(field, "select", { id: "entity-map-group" });
    add(select, "option", { value: "" }, "all groups");
    const groups = [...new Set(SIDES.flatMap((side) => model.sides[side].groups))].filter(Boolean).sort();
    groups.forEach((group) => add(select, "option", { value: group }, group));
    select.addEventListener("change", () => { state.group = select.value; draw(); });

    const drawing = add(figure, "div", { class: "drawing" });
    const canvas = add(drawing, "canvas", { tabindex: "0", role: "application", "aria-describedby": "entity-map-hint",
      "aria-label": `Map of ${plural(model.size("left") + model.size("right"), "entity")} of both graphs` });
    const card = add(drawing, "div", { class: "told" });
    const zooming = add(figure, "div", { class: "controls", role: "group", "aria-label": "Part of the map" });
    [["closer", () => zoom(1.6)], ["farther", () => zoom(1 / 1.6)], ["whole map", whole]].forEach(([text, act]) => {
      add(zooming, "button", { type: "button" }, text).addEventListener("click", act);
    });
    const key = add(figure, "p", { class: "key" });
    for (const side of SIDES) {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", "0 0 10 10");
      svg.setAttribute("aria-hidden", "true");
      const shape = document.createElementNS("http://www.w3.org/2000/svg", side === "left" ? "circle" : "polygon");
      const form = side === "left" ? { cx: 5, cy: 5, r: 4 } : { points: "5,0.5 9.5,9 0.5,9" };
      for (const [attribute, value] of Object.entries(form)) shape.setAttribute(attribute, value);
      shape.setAttribute("class", side);
      svg.append(shape);
      key.append(svg, ` ${side === "left" ? "disc" : "triangle"}: ${side} (${model.sides[side].graph})  `);
    }
    add(figure, "p", { class: "hint", id: "entity-map-hint" }, "Mouse: point, click to keep, drag; the wheel zooms with Ctrl. Touch: tap; two "
      + "fingers zoom; when zoomed, one finger moves. Keys, on the map: arrows move, + and − zoom, 0 shows all; Enter keeps the entity at the cross.");
    const live = add(figure, "p", { class: "entity-hidden", role: "status" });

    const pixels = () => canvas.clientWidth;
    const unit = () => (state.scale * pixels()) / (1.06 * MAP_UNITS);
    const at = (side, place) => {
      const eased = state.t < 0.5 ? 2 * state.t * state.t : 1 - 2 * (1 - state.t) * (1 - state.t);
      const [was, is] = [model.maps[state.from][side], model.maps[state.map][side]];
      return [2 * place, 2 * place + 1].map((i) => was[i] + eased * (is[i] - was[i]));
    };
    const toPixels = ([x, y]) => [(x - state.x) * unit() + pixels() / 2, (y - state.y) * unit() + pixels() / 2];
    const place = (side, i) => toPixels(at(side, i));
    const counterpart = ([side, i]) => model.counterparts[side][i].map((found) => [other(side), found]);

    function mark(context, side, [x, y], r) {
      context.beginPath();
      if (side === "left") context.arc(x, y, r, 0, 2 * Math.PI);
      else {
        context.moveTo(x, y - 1.2 * r);
        context.lineTo(x + 1.15 * r, y + 0.9 * r);
        context.lineTo(x - 1.15 * r, y + 0.9 * r);
        context.closePath();
      }
    }

    function draw() {
      const width = pixels();
      if (!width) return;
      const ratio = window.devicePixelRatio || 1;
      if (canvas.width !== Math.round(width * ratio)) canvas.width = canvas.height = Math.round(width * ratio);
      const context = canvas.getContext("2d");
      const style = getComputedStyle(figure);
      const colour = (role) => style.getPropertyValue(`--${role}`).trim();
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.fillStyle = colour("paper");
      context.fillRect(0, 0, width, width);
      const inGroup = (side, i) => !state.group || model.sides[side].groups[model.sides[side].group[i]] === state.group;
      const r = Math.min(7, 1.9 * Math.sqrt(state.scale));
      if (state.lines) {
        context.strokeStyle = colour("muted");
        context.globalAlpha = 0.35;
        context.lineWidth = 0.7;
        context.beginPath();
        for (let k = 0; k < model.links.length; k += 2) {
          if (!inGroup("left", model.links[k])) continue;
          context.moveTo(...place("left", model.links[k]));
          context.lineTo(...place("right", model.links[k + 1]));
        }
        context.stroke();
      }
      for (const side of SIDES) {
        context.fillStyle = colour(side);
        for (let i = 0; i < model.size(side); i += 1) {
          context.globalAlpha = inGroup(side, i) ? 0.85 : 0.1;
          mark(context, side, place(side, i), r);
          context.fill();
        }
      }
      context.globalAlpha = 1;
      for (const entity of [state.pinned, state.hovered]) {
        if (!entity) continue;
        context.strokeStyle = context.fillStyle = colour("ink");
        context.lineWidth = 2.5;
        for (const end of counterpart(entity)) {
          context.beginPath();
          context.moveTo(...place(...entity));
          context.lineTo(...place(...end));
          context.stroke();
        }
        for (const shown of [entity, ...counterpart(entity)]) {
          mark(context, shown[0], place(...shown), r + 5);
          context.stroke();
        }
      }
      if (state.crosshair) {
        context.lineWidth = 1.5;
        context.strokeStyle = colour("ink");
        context.beginPath();
        for (const [dx, dy] of [[1, 0], [0, 1]]) {
          context.moveTo(width / 2 - 14 * dx, width / 2 - 14 * dy);
          context.lineTo(width / 2 + 14 * dx, width / 2 + 14 * dy);
        }
        context.stroke();
      }
    }

    /** The entity nearest to a point in pixels, within some pixels. */
    function under(x, y, within) {
      let [best, least] = [null, within * within];
      for (const side of SIDES) {
        for (let i = 0; i < model.size(side); i += 1) {
          const [px, py] = place(side, i);
          const distance = (px - x) ** 2 + (py - y) ** 2;
          if (distance < least) [best, least] = [[side, i], distance];
        }
      }
      return best;
    }

    /** Fill the card; what is there stays as long as it is true, so that a button is not lost while it is pressed. */
    function describe() {
      const entity = state.hovered || state.pinned;
      const told = JSON.stringify([entity, state.hovered === null, state.map]);
      if (card.dataset.told === told) return;
      card.dataset.told = told;
      card.replaceChildren();
      if (!entity) {
        add(card, "p", {}, "Point at an entity, or tap it.");
        return;
      }
      const [side, i] = entity;
      const line = (shownSide, shown) => {
        const box = add(card, "div", { class: "entity" });
        picture(box, model, shownSide, shown);
        name(box, model, shownSide, shown);
      };
      line(side, i);
      const group = model.sides[side].groups[model.sides[side].group[i]];
      add(card, "p", {}, `${side} side${group ? `, ${group}` : ""}`);
      const ends = counterpart(entity);
      add(card, "p", {}, ends.length ? "True counterpart:" : "It has no counterpart.");
      for (const [endSide, found] of ends) {
        line(endSide, found);
        const [a, b] = [at(side, i), at(endSide, found)];
        const apart = Math.hypot(a[0] - b[0], a[1] - b[1]) / MAP_UNITS;
        add(card, "p", {}, `${(100 * apart).toFixed(1)} % of the map's width apart`);
      }
      if (state.pinned && !state.hovered) {
        add(card, "button", { type: "button" }, "show its candidates").addEventListener("click", () => pick(side, i, true));
      }
    }

    function show(hovered, { aloud = false } = {}) {
      state.hovered = hovered;
      draw();
      describe();
      if (aloud) live.textContent = hovered ? `${model.sides[hovered[0]].names[hovered[1]]}, ${hovered[0]}` : "no entity here";
    }

    function pin(entity) {
      state.pinned = entity;
      show(null);
    }

    function clamp() {
      const half = MAP_UNITS / 2 / state.scale;
      state.x = Math.min(MAP_UNITS - half, Math.max(half, state.x));
      state.y = Math.min(MAP_UNITS - half, Math.max(half, state.y));
      canvas.style.touchAction = state.scale > 1 ? "none" : "pan-y";
    }

    /** Zoom so that the point of the map under some pixels stays there; the middle by default. */
    function zoom(factor, x = pixels() / 2, y = pixels() / 2) {
      const [mapX, mapY] = [(x - pixels() / 2) / unit() + state.x, (y - pixels() / 2) / unit() + state.y];
      state.scale = Math.min(40, Math.max(1, state.scale * factor));
      state.x = mapX - (x - pixels() / 2) / unit();
      state.y = mapY - (y - pixels() / 2) / unit();
      clamp();
      draw();
    }

    function whole() {
      Object.assign(state, { scale: 1, x: MAP_UNITS / 2, y: MAP_UNITS / 2 });
      clamp();
      draw();
    }

    function move(to) {
      Object.assign(state, { from: state.map, map: to, t: 1 });
      if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
        draw();
        describe();
        return;
      }
      const start = performance.now();
      const step = (now) => {
        state.t = Math.min(1, Math.max(0, (now - start) / 700));
        draw();
        if (state.t < 1) requestAnimationFrame(step);
        else describe();
      };
      state.t = 0;
      requestAnimationFrame(step);
    }

    const fingers = new Map();
    let dragged = 0;
    const spot = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, spot(event));
      if (fingers.size === 1) dragged = 0;
      state.crosshair = false;
    });
    canvas.addEventListener("pointermove", (event) => {
      const now = spot(event);
      const before = fingers.get(event.pointerId);
      if (!before) {
        show(under(...now, 14));
        return;
      }
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
      dragged += Math.hypot(dx, dy);
      if (fingers.size === 2) {
        const [, still] = [...fingers].find(([id]) => id !== event.pointerId);
        const length = (from) => Math.hypot(from[0] - still[0], from[1] - still[1]);
        zoom(length(now) / Math.max(1, length(before)), ...still);
      } else if (dragged > 6) {
        if (canvas.setPointerCapture && !canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId);
        state.x -= dx / unit();
        state.y -= dy / unit();
        clamp();
        draw();
      }
      fingers.set(event.pointerId, now);
    });
    const lift = (event) => fingers.delete(event.pointerId);
    canvas.addEventListener("pointerup", (event) => {
      if (fingers.size === 1 && dragged <= 6) pin(under(...spot(event), event.pointerType === "mouse" ? 14 : 26));
      lift(event);
    });
    canvas.addEventListener("pointercancel", lift);
    canvas.addEventListener("pointerleave", (event) => { lift(event); show(null); });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 200), ...spot(event));
    }, { passive: false });
    canvas.addEventListener("focus", () => { state.crosshair = canvas.matches(":focus-visible"); draw(); });
    canvas.addEventListener("blur", () => { state.crosshair = false; show(null); });
    canvas.addEventListener("keydown", (event) => {
      const middle = () => under(pixels() / 2, pixels() / 2, 30);
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (ARROWS[event.key]) {
        const [dx, dy] = ARROWS[event.key];
        state.x += (0.06 * dx * MAP_UNITS) / state.scale;
        state.y += (0.06 * dy * MAP_UNITS) / state.scale;
        clamp();
      } else if (event.key === "+" || event.key === "=") zoom(1.6);
      else if (event.key === "-" || event.key === "−") zoom(1 / 1.6);
      else if (event.key === "0" || event.key === "Home") whole();
      else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        pin(middle());
        return;
      } else return;
      event.preventDefault();
      state.crosshair = true;
      show(middle(), { aloud: true });
    });
    new ResizeObserver(draw).observe(canvas);
    new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "data-mode"] });
    canvas.width = canvas.height = 10;
    clamp();
    draw();
    describe();
    return { pin };
  }

  /** The explorer: a search, a list of entities, and all about the one that is picked. */
  function buildExplorer(box, model, picked) {
    box.replaceChildren();
    const entities = SIDES.flatMap((side) => model.sides[side].names.map((_, place) => [side, place]));
    const texts = entities.map(([side, place]) => searched(`${model.sides[side].names[place]} ${model.sides[side].keywords[place]}`));
    const controls = add(box, "div", { class: "controls", role: "search", "aria-label": "Entities" });
    const asked = add(controls, "div", { class: "field" });
    add(asked, "label", { for: "entity-search" }, "Name or keyword");
    const search = add(asked, "input", { id: "entity-search", type: "search", autocomplete: "off", spellcheck: "false" });
    const limited = add(controls, "div", { class: "field" });
    add(limited, "label", { for: "entity-set" }, "Which entities");
    const set = add(limited, "select", { id: "entity-set" });
    const choices = sets(model).map(([text, has]) => [text, entities.map(([side, place]) => has(side, place))]);
    choices.forEach(([text, has], at) => add(set, "option", { value: String(at) }, `${text} (${has.filter(Boolean).length.toLocaleString("en")})`));
    const status = add(box, "p", { class: "status", role: "status" });
    const matches = add(box, "ul", { class: "matches", "aria-label": "Matching entities", tabindex: "0" });
    const detail = add(box, "div", { class: "detail" });
    const history = [];
    let current = null;

    function list() {
      const words = searched(search.value).split(/\s+/).filter(Boolean);
      const has = choices[Number(set.value)][1];
      const fits = entities.map((_, at) => words.every((word) => texts[at].includes(word)));
      const found = entities.filter((_, at) => has[at] && fits[at]);
      const elsewhere = fits.filter(Boolean).length - found.length;
      const starts = ([side, place]) => searched(model.sides[side].names[place]).startsWith(words.join(" "));
      found.sort((a, b) => starts(b) - starts(a)); // the order stays the same among equals
      matches.replaceChildren();
      for (const [side, place] of found.slice(0, MOST_MATCHES)) {
        const button = add(add(matches, "li"), "button", { type: "button", "data-entity": `${side}-${place}` });
        picture(button, model, side, place);
        name(button, model, side, place);
        add(button, "span", {}, `(${side})`);
        button.addEventListener("click", () => pick(side, place));
      }
      mark();
      status.textContent = found.length > MOST_MATCHES ? `${plural(found.length, "entity")}, the first ${MOST_MATCHES} are listed.`
        : `${plural(found.length, "entity")}.`;
      if (words.length && elsewhere) status.textContent += ` ${elsewhere.toLocaleString("en")} more are not in the chosen set.`;
    }

    function mark() {
      matches.querySelectorAll("button").forEach((button) => {
        button.setAttribute("aria-pressed", String(current !== null && button.dataset.entity === current.join("-")));
      });
    }

    /** A button that goes on to an entity. */
    function link(parent, side, place) {
      const button = add(parent, "button", { type: "button", "data-entity": `${side}-${place}` });
      picture(button, model, side, place);
      name(button, model, side, place);
      button.addEventListener("click", () => pick(side, place, true));
      return button;
    }

    function pick(side, place, focus = false) {
      if (current) history.push(current);
      open(side, place, focus);
    }

    function open(side, place, focus) {
      current = [side, place];
      mark();
      detail.replaceChildren();
      const heading = add(detail, "h3", { tabindex: "-1" });
      name(heading, model, side, place);
      const back = add(detail, "button", { type: "button", class: "back" }, "back to the entity before");
      back.disabled = history.length === 0;
      back.addEventListener("click", () => open(...history.pop(), true));
      describe(side, place);
      model.views.forEach((view) => compare(view, side, place));
      mined(side, place);
      picked(side, place);
      if (focus) heading.focus();
    }

    function describe(side, place) {
      const about = add(detail, "div", { class: "picked" });
      picture(about, model, side, place);
      const facts = add(about, "p", { class: "facts" });
      const { group, groups, degree, graph, keywords, language } = model.sides[side];
      facts.append(`${side} side (${graph})${groups[group[place]] ? `, group ${groups[group[place]]}` : ""}, ${plural(degree[place], "triple")}. `);
      if (keywords[place]) {
        facts.append("Keywords: ");
        add(facts, "span", language ? { lang: language } : {}, keywords[place]);
        facts.append(". ");
      }
      const ends = model.counterparts[side][place];
      facts.append(ends.length ? "True counterpart: " : "It has no counterpart on the other side.");
      ends.forEach((found, at) => { if (at) facts.append(", "); name(facts, model, other(side), found, "strong"); });
      if (ends.length) facts.append(".");
    }

    function compare(view, side, place) {
      add(detail, "h4", {}, `Best by ${view.name}`);
      const ordered = add(detail, "ol", { class: "candidates", "aria-label": `Best candidates by ${view.name}` });
      const truth = model.counterparts[side][place];
      const shown = candidates(view, side, place);
      for (const { place: found, score } of shown) {
        const isTrue = truth.includes(found);
        const item = add(ordered, "li", isTrue ? { class: "true" } : {});
        const button = link(item, other(side), found);
        add(button, "span", {}, number(score));
        if (isTrue) add(button, "span", { class: "verdict" }, "✓ true");
      }
      const rank = view.ranks[side][place];
      if (rank > 0) add(detail, "p", { class: "rank" }, `The true counterpart has rank ${rank.toLocaleString("en")} of ${model.size(other(side)).toLocaleString("en")}.`);
      else add(detail, "p", { class: "rank" }, "There is no true counterpart, so each of them is wrong.");
    }

    function mined(side, place) {
      add(detail, "h4", {}, "What each rule for seeds took");
      const table = add(detail, "table", { class: "choices" });
      add(table, "caption", { class: "entity-hidden" }, "Seeds with this entity");
      const head = add(add(table, "thead"), "tr");
      ["rule", "what it took", "why"].forEach((text) => add(head, "th", { scope: "col" }, text));
      const body = add(table, "tbody");
      for (const miner of model.miners) {
        const row = add(body, "tr");
        add(row, "th", { scope: "row" }, miner.name);
        const cell = add(row, "td");
        const partner = chosen(miner, side, place);
        if (partner < 0) cell.append("no seed");
        else {
          link(cell, other(side), partner);
          const isTrue = isCorrect(model, miner, side, place);
          add(cell, "span", { class: isTrue ? "correct" : "wrong" }, isTrue ? "✓ correct" : "✗ wrong");
        }
        const reason = add(row, "td");
        sentence(reason, model, why(miner, side, place));
        const k = miner.seedOf[side][place];
        if (k >= 0 && miner.confidence) reason.append(` Without labels, its probability of being correct is estimated at ${miner.confidence[k]} %.`);
      }
    }

    search.addEventListener("input", list);
    set.addEventListener("change", () => { list(); const first = matches.querySelector("button"); if (first) first.click(); });
    set.value = choices[1][1].some(Boolean) ? "1" : "0";
    list();
    const [side, place] = entities[choices[Number(set.value)][1].indexOf(true)];
    open(side, place, false);
    return { pick };
  }

  function start() {
    const source = document.getElementById("explorer-data");
    const [figure, box] = [document.querySelector(".entity-map"), document.querySelector(".entity-explorer")];
    if (!source || !figure || !box) return;
    const model = indexed(JSON.parse(source.textContent));
    let map = null;
    const explorer = buildExplorer(box, model, (side, place) => { if (map) map.pin([side, place]); });
    map = buildMap(figure, model, explorer.pick);
    document.querySelectorAll(".entity-gallery a[data-entity]").forEach((link) => {
      link.addEventListener("click", () => {
        const [side, place] = link.dataset.entity.split("-");
        explorer.pick(side, Number(place), true);
      });
    });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
