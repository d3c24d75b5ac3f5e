/* The forces of a batch of seeds: the numbers first, without a page, then the figure of book/forces.md.

The numbers are those of psqe.theory.batch, split and coverage; tests/test_forces.py compares them. Lengths
are in the units of the page: a force is a derivative of the loss by a place on the unit circle. */
(function () {
  "use strict";

  const MODEL = Object.freeze({
    // The circle: degrees from the anchor, counterclockwise. The wrong target is as similar as the mean entity
    // of its region; nothing else lies where the similarity slider can put the true counterpart.
    wrongAngle: (Math.acos(0.3) * 180) / Math.PI,
    ownAngles: [50, 60, -102],
    farAngles: [140, 158, 180, -152],
    // The regions: seeds in a batch, dimensions, mean cosines, and each region's share of the entities.
    nBatch: 512,
    dim: 64,
    inside: 0.3,
    across: 0,
    entities: [0.7, 0.3],
  });

  const radians = (degrees) => (degrees * Math.PI) / 180;
  const sum = (values) => values.reduce((a, b) => a + b, 0);

  /** Shares p_v = softmax(s_v / tau). */
  function softmax(s, tau) {
    const top = Math.max(...s);
    const e = s.map((x) => Math.exp((x - top) / tau));
    const total = sum(e);
    return e.map((x) => x / total);
  }

  /** What a seed does to its anchor. `along` are the candidates' coordinates on the tangent at the anchor. */
  function forces(s, along, target, tau) {
    const p = softmax(s, tau);
    const pushes = p.map((share, v) => (v === target ? 0 : share / tau));
    const mass = sum(pushes); // (1 - p) / tau, without the rounding of 1 - p
    const attraction = mass * along[target];
    const repulsion = -sum(pushes.map((push, v) => push * along[v]));
    const hardest = pushes.indexOf(Math.max(...pushes));
    return {
      p, mass, pushes, attraction, repulsion, hardest,
      step: attraction + repulsion,
      loss: -Math.log(p[target]),
      hardestShare: pushes[hardest] / mass,
    };
  }

  /** The anchor at the top of the circle, with a correct and with a wrong seed; the same candidates for both. */
  function circle({ temperature, similarity }) {
    const fixed = [MODEL.wrongAngle, ...MODEL.ownAngles, ...MODEL.farAngles].map(radians);
    const angles = [-Math.acos(similarity), ...fixed];
    const x = angles.map((angle) => -Math.sin(angle)); // the tangent points clockwise, to the counterpart
    const y = angles.map(Math.cos);
    const correct = forces(y, x, 0, temperature);
    const wrong = forces(y, x, 1, temperature);
    return { x, y, correct, wrong, pull: wrong.mass / correct.mass, onTruth: wrong.pushes[0] / wrong.mass };
  }

  /** Shares of the seeds by region: the entities' own at 0, all in region 1 at 1, none at -1. */
  function seedShares(coverage) {
    const first = MODEL.entities[0];
    const share = coverage > 0 ? first + coverage * (1 - first) : first * (1 + coverage);
    return [share, 1 - share];
  }

  /** Attraction of each region's seeds in a batch; see the page for the assumptions. */
  function regions({ temperature: tau, similarity, precision, coverage }) {
    const kappa = (cosine) => Math.exp(cosine / tau + 1 / (2 * MODEL.dim * tau * tau));
    const [inside, across] = [kappa(MODEL.inside), kappa(MODEL.across)];
    return seedShares(coverage).map((seeds, r) => {
      const negatives = MODEL.nBatch * (seeds * inside + (1 - seeds) * across);
      const push = (s) => negatives / (Math.exp(s / tau) + negatives); // 1 - p of a seed with similarity s
      const [pushCorrect, pushWrong] = [push(similarity), push(MODEL.inside)];
      const useful = (MODEL.nBatch * seeds * precision * pushCorrect) / tau;
      const wrong = (MODEL.nBatch * seeds * (1 - precision) * pushWrong) / tau;
      return { entities: MODEL.entities[r], seeds, pushCorrect, pushWrong, useful, wrong, mass: useful + wrong };
    });
  }

  const model = { MODEL, softmax, forces, circle, seedShares, regions };
  if (typeof module !== "undefined" && module.exports) {
    module.exports = model;
    return;
  }
  globalThis.psqeForces = model;

  // From here on: the figure.

  const TEMPERATURES = [0.05, 0.06, 0.07, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1];
  const START = Object.freeze({ temperature: 0.1, similarity: 0.8, precision: 0.9, coverage: 0 });
  const percent = (x) => `${(100 * x).toFixed(0)}\u00a0%`;
  // Small shares are not shown as none.
  const share = (x) => (x > 0 && x < 0.01 ? `${(100 * x).toPrecision(1)}\u00a0%` : percent(x));
  const number = (x) => (Math.abs(x) < 0.005 ? "0" : x.toFixed(Math.abs(x) < 9.95 ? 2 : 1).replace("-", "−"));

  const hundredths = { read: (at) => at / 100, place: (value) => Math.round(100 * value) };
  const SLIDERS = [
    {
      name: "temperature", label: "temperature τ", min: 0, max: TEMPERATURES.length - 1, step: 1,
      ends: ["0.05, cold", "1, warm"], text: (value) => value.toFixed(2),
      read: (at) => TEMPERATURES[at], place: (value) => TEMPERATURES.indexOf(value),
    },
    {
      name: "similarity", label: "similarity of the true pair", min: 0, max: 98, step: 1,
      ends: ["0", "0.98"], text: (value) => value.toFixed(2), ...hundredths,
    },
    {
      name: "precision", label: "precision", min: 0, max: 100, step: 5,
      ends: ["all seeds wrong", "all seeds correct"], text: (value) => `${percent(value)} correct`, ...hundredths,
    },
    {
      name: "coverage", label: "coverage", min: -100, max: 100, step: 5, ends: ["no seed in region 1", "all seeds"],
      text: (value) => `${percent(seedShares(value)[0])} in region 1`, ...hundredths,
    },
  ];

  const SVG = "http://www.w3.org/2000/svg";

  function add(parent, name, attributes = {}, text = "") {
    const child = parent.namespaceURI === SVG || name === "svg"
      ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) child.setAttribute(key, value);
    child.append(text);
    parent.append(child);
    return child;
  }

  function line(svg, [x1, y1], [x2, y2], width, kind) {
    add(svg, "line", { class: `line ${kind}`, x1, y1, x2, y2, "stroke-width": width });
  }

  /** An arrow; its head is part of the length, and is left out where there is no room for it. */
  function arrow(svg, from, to, width, kind) {
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = Math.hypot(dx, dy);
    if (length < 0.5) return;
    const [ux, uy] = [dx / length, dy / length];
    const head = Math.min(length, 5 + width);
    const neck = [to[0] - head * ux, to[1] - head * uy];
    const half = 0.3 * head + width / 2;
    line(svg, from, neck, width, kind);
    const points = [[neck[0] - half * uy, neck[1] + half * ux], to, [neck[0] + half * uy, neck[1] - half * ux]];
    add(svg, "polygon", { class: `head ${kind}`, points: points.map((p) => p.join(",")).join(" ") });
  }

  /** A chord as wide as its share of the force, with its head in the middle. */
  function chord(svg, from, to, width, kind) {
    const at = (t) => [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
    const visible = Math.max(width, 1);
    line(svg, from, to, visible, kind);
    arrow(svg, at(0.5), at(0.5 + (9 + visible) / Math.hypot(to[0] - from[0], to[1] - from[1])), visible, kind);
  }

  const SYMBOLS = {
    anchor: (g) => add(g, "circle", { r: 7 }),
    truth: (g) => add(g, "polygon", { points: "0,-9 9,0 0,9 -9,0" }),
    other: (g) => add(g, "path", { d: "M-6,-6L6,6M-6,6L6,-6" }),
    own: (g) => add(g, "circle", { r: 5 }),
    away: (g) => add(g, "polygon", { points: "0,-6 6,5 -6,5" }),
  };

  function symbol(parent, kind, x, y) {
    const group = add(parent, "g", { class: `point ${kind}`, transform: `translate(${x} ${y})` });
    SYMBOLS[kind](group);
    return group;
  }

  const CENTRE = [170, 212], RADIUS = 110, UNIT = 82, WIDTH = 11;

  /** The circle of one seed; forces are drawn in units of 1 / tau, so that they fit at any temperature. */
  function drawCircle(svg, points, seed, target, tau) {
    const place = (v) => [CENTRE[0] + RADIUS * points.x[v], CENTRE[1] - RADIUS * points.y[v]];
    const top = [CENTRE[0], CENTRE[1] - RADIUS];
    const outside = RADIUS + 15;
    const end = (degrees) => [CENTRE[0] - outside * Math.sin(radians(degrees)),
      CENTRE[1] - outside * Math.cos(radians(degrees))];
    add(svg, "circle", { class: "sphere", cx: CENTRE[0], cy: CENTRE[1], r: RADIUS });
    for (const [from, to] of [[-108, -12], [12, 82], [134, 214]]) {
      add(svg, "path", { class: "region", d: `M${end(from)} A${outside},${outside} 0 0 0 ${end(to)}` });
    }
    add(svg, "text", { x: 6, y: 136 }, "region 1");
    add(svg, "text", { x: CENTRE[0], y: 356, "text-anchor": "middle" }, "region 2");

    const kinds = ["truth", "other", ...MODEL.ownAngles.map(() => "own"), ...MODEL.farAngles.map(() => "away")];
    kinds.forEach((_, v) => {
      if (v !== target) chord(svg, place(v), top, WIDTH * seed.pushes[v] * tau, "push");
    });
    chord(svg, top, place(target), WIDTH * seed.mass * tau, "pull");
    kinds.forEach((kind, v) => {
      const group = symbol(svg, kind, ...place(v));
      if (v === seed.hardest) add(group, "circle", { class: "hardest", r: 12.5 });
    });
    symbol(svg, "anchor", ...top);
    add(svg, "text", { x: top[0], y: top[1] - 12, "text-anchor": "middle", class: "name" }, "a");
    const names = target === 0 ? ["b", ""] : ["b*", "b"];
    names.forEach((name, v) => {
      const [x, y] = [0, 1].map((i) => CENTRE[i] + 0.8 * (place(v)[i] - CENTRE[i]));
      add(svg, "text", { x, y: y + 5, "text-anchor": "middle", class: "name" }, name);
    });

    const lanes = [["attraction", "pull", seed.attraction], ["repulsion", "push", seed.repulsion],
      ["sum", "sum", seed.step]];
    lanes.forEach(([label, kind, value], lane) => {
      const y = 18 + 22 * lane;
      const side = value < 0 ? 1 : -1; // the label stands where the arrow does not go
      add(svg, "line", { class: "zero", x1: CENTRE[0], x2: CENTRE[0], y1: y - 8, y2: y + 8 });
      arrow(svg, [CENTRE[0], y], [CENTRE[0] + UNIT * value * tau, y], kind === "sum" ? 5 : 4, kind);
      add(svg, "text", { x: CENTRE[0] + 8 * side, y: y + 4, "text-anchor": side > 0 ? "start" : "end" },
        `${label} ${number(Math.abs(value))}`);
    });
  }

  /** What the steps amount to over many such anchors; the longest arrow always has the same length. */
  function drawMean(svg, correct, wrong, precision) {
    const mean = precision * correct + (1 - precision) * wrong;
    const rows = [["✓ correct seeds", "correct", precision * correct],
      ["✗ wrong seeds", "wrong", (1 - precision) * wrong], ["together", "sum", mean]];
    const longest = Math.max(...rows.map(([, , value]) => Math.abs(value)));
    add(svg, "text", { x: 134, y: 14 }, "← away from b*");
    add(svg, "text", { x: 336, y: 14, "text-anchor": "end" }, "towards b* →");
    add(svg, "line", { class: "zero", x1: 232, x2: 232, y1: 22, y2: 92 });
    rows.forEach(([label, kind, value], row) => {
      const y = 34 + 23 * row;
      add(svg, "text", { x: 4, y: y + 4 }, `${label} ${number(value)}`);
      arrow(svg, [232, y], [232 + (98 * value) / longest, y], 5, kind);
    });
    return mean;
  }

  function drawRegion(svg, region, tau) {
    const [left, width, full] = [66, 200, MODEL.nBatch / tau];
    const x = (value) => left + width * value;
    for (const tick of [0, 0.5, 1]) {
      add(svg, "line", { class: "zero", x1: x(tick), x2: x(tick), y1: 8, y2: 96 });
      add(svg, "text", { x: x(tick), y: 110, "text-anchor": "middle" }, percent(tick));
    }
    const rows = [
      ["entities", [["entities", region.entities]], percent(region.entities)],
      ["seeds", [["seeds", region.seeds]], percent(region.seeds)],
      ["mass", [["correct", region.useful / full], ["wrong", region.wrong / full]], region.mass.toFixed(0)],
    ];
    rows.forEach(([label, parts, text], row) => {
      const y = 12 + 28 * row;
      add(svg, "text", { x: left - 6, y: y + 15, "text-anchor": "end" }, label);
      let from = 0;
      for (const [kind, value] of parts) {
        add(svg, "rect", { class: `bar ${kind}`, x: x(from), y, width: width * value, height: 22 });
        from += value;
      }
      add(svg, "text", { x: x(1) + 8, y: y + 15 }, text);
    });
  }

  /** Stripes, so that wrong is told from correct without its colour. */
  function addStripes(svg) {
    const size = { width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    const pattern = add(add(svg, "defs"), "pattern", { id: "forces-stripes", ...size });
    add(pattern, "rect", { class: "ground", width: 6, height: 6 });
    add(pattern, "rect", { class: "stripe", width: 2, height: 6 });
  }

  function panel(parent, title, height, kind) {
    const box = add(parent, "div", { class: `panel ${kind}` });
    const heading = add(box, "p", { class: "title" }, title);
    const svg = add(box, "svg", { viewBox: `0 0 340 ${height}`, role: "img", "data-panel": kind });
    return { box, heading, svg };
  }

  function build(figure) {
    figure.replaceChildren();
    const state = { ...START };
    const controls = add(figure, "div", { class: "controls", role: "group", "aria-label": "Settings" });
    const [inputs, outputs] = [{}, {}];
    for (const slider of SLIDERS) {
      const box = add(controls, "div", { class: "slider" });
      const id = `forces-${slider.name}`;
      add(box, "label", { for: id }, slider.label);
      outputs[slider.name] = add(box, "output", { for: id, "aria-live": "off" });
      const { min, max, step } = slider;
      inputs[slider.name] = add(box, "input", { id, type: "range", min, max, step });
      const ends = add(box, "div", { class: "ends", "aria-hidden": "true" });
      slider.ends.forEach((end) => add(ends, "span", {}, end));
      inputs[slider.name].addEventListener("input", () => {
        state[slider.name] = slider.read(Number(inputs[slider.name].value));
        draw();
      });
    }
    add(figure, "button", { type: "button", class: "forces-set" }, "start position")
      .addEventListener("click", () => set({}));

    const grid = add(figure, "div", { class: "grid" });
    const correct = panel(grid, "", 364, "correct-seed");
    const wrong = panel(grid, "", 364, "wrong-seed");
    const mean = panel(grid, "", 98, "mean");
    const key = panel(grid, "What the marks are", 98, "key");
    const areas = [0, 1].map((r) => panel(grid, `Region ${r + 1}: mass in a batch`, 116, `region-${r + 1}`));
    addStripes(add(figure, "svg", { width: 0, height: 0, "aria-hidden": "true", class: "defs" }));
    drawKey(key.svg);
    const table = add(figure, "table", { class: "numbers" });
    const summary = add(figure, "p", { class: "summary", role: "status" });
    function set(values) {
      Object.assign(state, START, values);
      draw();
    }

    function draw() {
      for (const slider of SLIDERS) {
        const text = slider.text(state[slider.name]);
        inputs[slider.name].value = slider.place(state[slider.name]);
        inputs[slider.name].setAttribute("aria-valuetext", text);
        outputs[slider.name].textContent = text;
      }
      figure.querySelectorAll(".grid svg:not([data-panel=key]), table").forEach((part) => part.replaceChildren());
      const { temperature: tau, precision } = state;
      const points = circle(state);
      drawCircle(correct.svg, points, points.correct, 0, tau);
      drawCircle(wrong.svg, points, points.wrong, 1, tau);
      correct.heading.textContent = `✓ A correct seed (${percent(precision)} of the seeds)`;
      wrong.heading.textContent = `✗ A wrong seed (${percent(1 - precision)} of the seeds)`;
      correct.box.classList.toggle("absent", precision === 0);
      wrong.box.classList.toggle("absent", precision === 1);
      describe(correct.svg, points.correct, "the true counterpart");
      describe(wrong.svg, points.wrong, "a wrong target");
      const step = drawMean(mean.svg, points.correct.step, points.wrong.step, precision);
      mean.heading.textContent = `Mean step at precision ${percent(precision)}: ${number(step)}`;
      mean.svg.setAttribute("aria-label", `Mean step ${number(step)}, positive towards the true counterpart.`);

      const masses = regions(state);
      const total = sum(masses.map((region) => region.mass));
      masses.forEach((region, r) => {
        drawRegion(areas[r].svg, region, tau);
        areas[r].svg.setAttribute("aria-label", `Region ${r + 1}: ${percent(region.entities)} of the entities, `
          + `${percent(region.seeds)} of the seeds, mass ${region.mass.toFixed(0)}: `
          + `${region.useful.toFixed(0)} useful, ${region.wrong.toFixed(0)} wrong.`);
      });
      drawTable(table, points);
      const first = masses[0].mass / total;
      const bad = sum(masses.map((region) => region.wrong)) / total;
      summary.textContent = `In the batch, region 1 has ${percent(masses[0].entities)} of the entities, `
        + `${percent(masses[0].seeds)} of the seeds and ${share(first)} of the mass; wrong seeds are `
        + `${percent(1 - precision)} of the seeds and have ${share(bad)} of the mass.`;
    }

    document.querySelectorAll("button[data-forces]").forEach((button) => {
      button.disabled = false;
      button.addEventListener("click", () => {
        const chosen = [...new URLSearchParams(button.dataset.forces)].map(([name, value]) => [name, Number(value)]);
        set(Object.fromEntries(chosen));
        figure.scrollIntoView();
      });
    });
    draw();
  }

  function describe(svg, seed, target) {
    const direction = seed.step > 0 ? "towards" : "away from";
    svg.setAttribute("aria-label", `Circle: the anchor is drawn to ${target} with ${number(seed.mass)} and moves `
      + `${direction} its true counterpart with ${number(Math.abs(seed.step))}.`);
  }

  function drawKey(svg) {
    svg.setAttribute("aria-label", "Disc: anchor. Diamond: its true counterpart. Cross: a wrong target. Small "
      + "circles: negatives of region 1. Triangles: negatives of region 2. Ring: the hardest negative.");
    const entries = [["anchor", "anchor a"], ["truth", "true counterpart"], ["other", "target of the wrong seed"],
      ["own", "negative, region 1"], ["away", "negative, region 2"], ["hardest", "hardest negative"]];
    entries.forEach(([kind, label], at) => {
      const [x, y] = [14 + 186 * (at > 2), 18 + 30 * (at % 3)];
      if (kind === "hardest") add(svg, "circle", { class: "hardest", r: 11, cx: x, cy: y });
      else symbol(svg, kind, x, y);
      add(svg, "text", { x: x + 17, y: y + 4 }, label);
    });
  }

  function drawTable(table, { correct, wrong, pull, onTruth }) {
    const rows = [
      ["share p of the target", share(correct.p[0]), share(wrong.p[1])],
      ["loss −log p", number(correct.loss), number(wrong.loss)],
      ["pull (1 − p) / τ", number(correct.mass), `${number(wrong.mass)}, ${number(pull)} times the correct seed's`],
      ["repulsion on the hardest negative", share(correct.hardestShare), share(wrong.hardestShare)],
      ["repulsion on the true counterpart", "–", share(onTruth)],
      ["step towards the true counterpart", number(correct.step), number(wrong.step)],
    ];
    add(table, "caption", {}, "The two circles in numbers");
    const head = add(add(table, "thead"), "tr");
    add(head, "td");
    ["✓ correct seed", "✗ wrong seed"].forEach((name) => add(head, "th", { scope: "col" }, name));
    const body = add(table, "tbody");
    for (const [name, ...values] of rows) {
      const row = add(body, "tr");
      add(row, "th", { scope: "row" }, name);
      values.forEach((value) => add(row, "td", {}, value));
    }
  }

  const start = () => document.querySelectorAll(".forces").forEach(build);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
