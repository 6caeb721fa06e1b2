// What the views share: a drawing that is as wide as its panel, axes, lines with markers, a legend.
//
// Looks are attributes, not rules of the style sheet, so that a saved drawing keeps them. D3 (vendor/) is `d3`.

export const INK = "#262626";
export const SOFT = "#595959";
export const FONT = "DejaVu Sans, Verdana, sans-serif";
export const LEFT = 64; // pixels beside a plot of lines, for its axis
export const BOTTOM = 40; // and below it

export const subscripts = (n) =>
  String(n)
    .replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit])
    .replace("+", "₊");
export const term = (n) => `x${subscripts(n)}`;
export const shown = (value, digits = 3) =>
  Number.isFinite(value) ? String(Number(value.toPrecision(digits))).replace("-", "−") : "unknown";

// The drawing of a panel; `resized` is called when the panel's width changes.
export function drawing(panel, resized) {
  const svg = d3
    .select(panel)
    .append("svg")
    .attr("xmlns", "http://www.w3.org/2000/svg")
    .attr("role", "group")
    .attr("font-family", FONT)
    .attr("font-size", 12)
    .attr("fill", INK);
  const self = {
    svg,
    width: Math.max(200, panel.clientWidth),
    size(height) {
      svg.attr("width", self.width).attr("height", height).attr("viewBox", `0 0 ${self.width} ${height}`);
    },
    // A group that is made once, in the order of first use.
    group(name) {
      const found = svg.select(`g.${name}`);
      return found.empty() ? svg.append("g").attr("class", name) : found;
    },
  };
  new ResizeObserver(() => {
    const width = Math.max(200, Math.floor(panel.clientWidth));
    if (width === self.width) return;
    self.width = width;
    resized();
  }).observe(panel);
  return self;
}

// An axis in the style of the figures; side is Bottom or Left.
export function axis(group, side, scale, { at, ticks = 5, values = null, format = null, label, length }) {
  const made = d3[`axis${side}`](scale).ticks(ticks).tickSizeOuter(0).tickSize(4).tickPadding(4);
  if (values) made.tickValues(values);
  if (format) made.tickFormat(format);
  group.attr("transform", at).call(made).attr("font-family", FONT).attr("font-size", 11);
  group.selectAll(".tick text").attr("fill", SOFT);
  const text = group
    .selectAll("text.label")
    .data([label])
    .join("text")
    .attr("class", "label")
    .attr("fill", INK)
    .attr("font-size", 12)
    .text((d) => d);
  if (side === "Bottom") {
    text
      .attr("x", length / 2)
      .attr("y", 32)
      .attr("text-anchor", "middle");
  } else {
    text
      .attr("transform", `rotate(-90)`)
      .attr("x", -length / 2)
      .attr("y", -50)
      .attr("text-anchor", "middle");
  }
}

// The two axes of a plot of lines that ends BOTTOM above `height` and begins at `top`; bottom and left have `scale`,
// `label` and what else `axis` takes.
export function axes(view, { height, top, bottom, left }) {
  axis(view.group("bottom"), "Bottom", bottom.scale, {
    at: `translate(0,${height - BOTTOM})`,
    length: view.width + LEFT,
    ...bottom,
  });
  axis(view.group("left"), "Left", left.scale, { at: `translate(${LEFT},0)`, length: height - BOTTOM + top, ...left });
}

// An axis of whole numbers 0 … last, as many of them written as the width has room for.
export function counting(scale, last, view, label) {
  const step = Math.ceil(((last + 1) * 26) / (view.width - LEFT));
  return { scale, label, format: d3.format("d"), values: d3.range(0, last + 1, step) };
}

const SYMBOLS = {
  circle: d3.symbolCircle,
  square: d3.symbolSquare2 ?? d3.symbolSquare,
  down: d3.symbolTriangle,
  cross: d3.symbolTimes,
  dot: d3.symbolCircle,
};

// Lines with markers; each of `series` has name, label, colour, symbol, dash, width, and points [x, y] in pixels, where
// NaN leaves a gap, and what the pointer is told there as a third entry. tip(event, text) shows it.
export function lines(group, series, tip) {
  const path = d3.line().defined(([, y]) => Number.isFinite(y));
  group
    .selectAll("path.line")
    .data(series, (d) => d.name)
    .join("path")
    .attr("class", (d) => `line ${d.name}`)
    .attr("fill", "none")
    .attr("stroke", (d) => d.colour)
    .attr("stroke-width", (d) => d.width ?? 1.6)
    .attr("stroke-dasharray", (d) => d.dash ?? null)
    .attr("d", (d) => path(d.points) ?? "");
  const marks = series.flatMap((d) =>
    d.points.filter(([, y]) => Number.isFinite(y)).map(([x, y, told]) => ({ ...d, x, y, told })),
  );
  group
    .selectAll("path.mark")
    .data(marks)
    .join("path")
    .attr("class", (d) => `mark ${d.name}`)
    .call(look)
    .attr("transform", (d) => `translate(${d.x},${d.y})${d.symbol === "down" ? " rotate(180)" : ""}`)
    .on("pointerenter", (event, d) => tip(event, `${d.label}: ${d.told}`))
    .on("pointerleave", () => tip());
}

function look(marks) {
  marks
    .attr("d", (d) => d3.symbol(SYMBOLS[d.symbol], d.symbol === "dot" ? 62 : 42)())
    .attr("stroke", (d) => d.colour)
    .attr("stroke-width", 1.5)
    .attr("fill", (d) => (d.symbol === "cross" ? "none" : d.symbol === "dot" ? d.colour : "#ffffff"));
}

// The legend above a plot, in as many rows as the width needs; returns its height.
export function legend(group, series, width) {
  let x = 0,
    row = 0;
  const placed = series.map((d) => {
    const length = 34 + 6.7 * d.label.length;
    if (x > 0 && x + length > width) [x, row] = [0, row + 1];
    const place = { ...d, at: `translate(${x},${10 + 18 * row})` };
    x += length + 8;
    return place;
  });
  const items = group
    .selectAll("g.item")
    .data(placed, (d) => d.name)
    .join((enter) => {
      const item = enter.append("g").attr("class", "item");
      item.append("line").attr("x2", 22);
      item.append("path");
      item.append("text").attr("x", 28).attr("dy", "0.35em").attr("font-size", 12);
      return item;
    })
    .attr("transform", (d) => d.at);
  items
    .select("line")
    .attr("stroke", (d) => d.colour)
    .attr("stroke-width", (d) => d.width ?? 1.6)
    .attr("stroke-dasharray", (d) => d.dash ?? null);
  items
    .select("path")
    .attr("transform", (d) => `translate(11,0)${d.symbol === "down" ? " rotate(180)" : ""}`)
    .call(look);
  items.select("text").text((d) => d.label);
  return 18 * (row + 1) + 8;
}

// The predictors' looks, those of the figures; with the intervention is this page's own.
export function predictors(palette) {
  return {
    truth: { name: "truth", label: "terms", colour: palette.black, symbol: "dot", width: 0 },
    whole: { name: "whole", label: "model", colour: palette.blue, symbol: "circle", width: 2 },
    replaced: {
      name: "replaced",
      label: "model with the intervention",
      colour: palette.purple,
      symbol: "square",
      width: 2,
    },
    copying: { name: "copying", label: "copy xₙ", colour: palette.vermilion, symbol: "down", dash: "1 3" },
    bayes: { name: "bayes", label: "Bayes-optimal", colour: palette.black, symbol: "cross", dash: "5 3", width: 1.2 },
  };
}
