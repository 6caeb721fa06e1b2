// The attention pattern of every head as a small map, queries downwards and keys to the right; one of them large.

import { headName } from "../components.js";
import { SOFT, drawing, shown as number } from "./plot.js";

const CELLS = 20000,
  GAP = 8,
  TITLE = 18,
  SIDE = 66,
  WRITTEN = 20; // cells in all maps; pixels; positions up to which a
// large map has numbers in its cells
const COLOURS = d3.range(256).map((i) => d3.color(d3.interpolateViridis(i / 255)).formatHex());

export function attentionView(panel, palette, act) {
  const view = drawing(panel, () => act.redraw());
  let laidOut = "";

  // Where the maps are: `side` pixels each, heads of a layer beside each other, in several rows if there are many.
  function layout(settings, blocks) {
    const fit = Math.max(1, Math.min(settings.n_heads, Math.floor((view.width + GAP) / (SIDE + GAP))));
    const room = Math.min(118, Math.floor((view.width + GAP) / fit) - GAP),
      rows = Math.ceil(settings.n_heads / fit);
    const side = whole(room, blocks);
    const at = (layer, head) => [
      (head % fit) * (side + GAP),
      (layer * rows + Math.floor(head / fit)) * (side + GAP + TITLE),
    ];
    return { side, at, height: settings.n_layers * rows * (side + GAP + TITLE) };
  }

  // How many neighbouring positions one cell stands for, so that all maps together stay quick to draw.
  function grain(settings, positions) {
    const most = Math.max(4, Math.floor(Math.sqrt((2 * CELLS) / (settings.n_layers * settings.n_heads))));
    return Math.ceil(positions / most);
  }

  function draw(state, result, manifest) {
    const settings = manifest.model,
      positions = result.context.length,
      each = grain(settings, positions);
    const place = layout(settings, Math.ceil(positions / each)),
      large = state.enlarged !== null;
    const side = whole(Math.min(view.width - 30, 384), positions);
    const maps = result.shown.cache.attention.flatMap((heads, layer) =>
      heads.map((pattern, head) => {
        const name = headName(layer, head),
          [x, y] = place.at(layer, head);
        return { name, pattern, x, y, side: place.side, each, kind: state.replaced[name], positions };
      }),
    );
    view.size(place.height + (large ? side + 56 : 0));
    const key = [view.width, positions, maps.length].join();
    const groups = view
      .group("maps")
      .selectAll("g.map")
      .data(maps, (d) => d.name)
      .join((enter) => {
        const map = enter
          .append("g")
          .attr("class", "map")
          .attr("tabindex", 0)
          .attr("role", "button")
          .style("cursor", "pointer");
        map.append("rect").attr("class", "whole").attr("fill", "transparent"); // so that a click beside the cells counts
        map.append("text").attr("class", "name").attr("y", 12).attr("font-size", 11);
        map.append("g").attr("class", "cells");
        map.append("rect").attr("class", "query").attr("fill", "none");
        return map;
      })
      .attr("transform", (d) => `translate(${d.x},${d.y})`)
      .on("click", (event, d) => enlarge(d.name, state))
      .on("keydown", (event, d) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          enlarge(d.name, state);
        }
      })
      .on("pointermove", (event, d) => act.tip(event, told(event, d)))
      .on("pointerleave", () => act.tip());
    const negative = manifest.negative[state.seed] ?? [];
    groups.attr("aria-label", (d) => `attention of ${d.name}`).attr("aria-pressed", (d) => d.name === state.enlarged);
    groups
      .select("text.name")
      .text(
        (d) =>
          d.name + (negative.includes(d.name) ? " (−)" : "") + (d.kind ? ` → ${d.kind === "zero" ? 0 : d.kind}` : ""),
      )
      .attr("fill", (d) => (d.kind ? palette.vermilion : "#262626"))
      .attr("text-decoration", (d) => (d.name === state.enlarged ? "underline" : null));
    groups
      .select("rect.whole")
      .attr("width", (d) => d.side)
      .attr("height", (d) => d.side + TITLE);
    groups.each(function cells(d) {
      paint(d3.select(this).select("g.cells"), d, key !== laidOut, TITLE);
    });
    groups.each(function frame(d) {
      mark(d3.select(this).select("rect.query"), d, state.position, TITLE);
    });
    laidOut = key;
    enlarged(
      large ? { ...maps.find(({ name }) => name === state.enlarged), side, each: 1 } : null,
      place.height + 24,
      state,
    );
  }

  const enlarge = (name, state) => act.set({ enlarged: state.enlarged === name ? null : name });

  // The large map, with numbers in its cells while they are large enough.
  function enlarged(map, y, state) {
    const group = view
      .group("enlarged")
      .selectAll("g.map")
      .data(map ? [map] : [])
      .join((enter) => {
        const made = enter.append("g").attr("class", "map");
        made.append("text").attr("class", "name").attr("y", -8).attr("font-size", 12).attr("font-weight", "bold");
        made.append("g").attr("class", "cells");
        made.append("g").attr("class", "numbers").attr("pointer-events", "none");
        made.append("rect").attr("class", "query").attr("fill", "none");
        made
          .append("text")
          .attr("class", "keys")
          .attr("text-anchor", "middle")
          .attr("font-size", 11)
          .attr("fill", SOFT);
        return made;
      })
      .attr("transform", `translate(16,${y})`);
    if (!map) return;
    const each = Math.ceil(map.positions / 128),
      drawn = { ...map, each };
    group.on("pointermove", (event) => act.tip(event, told(event, drawn, 0))).on("pointerleave", () => act.tip());
    group.select("text.name").text(`${map.name}: attention in %`);
    group
      .select("text.keys")
      .attr("x", map.side / 2)
      .attr("y", map.side + 16)
      .text("rows: queries, columns: terms attended to");
    paint(group.select("g.cells"), drawn, true, 0);
    mark(group.select("rect.query"), drawn, state.position, 0);
    const cell = map.side / map.positions,
      written = map.positions <= WRITTEN ? triangle(map.positions) : [];
    group
      .select("g.numbers")
      .selectAll("text")
      .data(written)
      .join("text")
      .attr("x", ([, k]) => (k + 0.5) * cell)
      .attr("y", ([q]) => (q + 0.5) * cell)
      .attr("dy", "0.35em")
      .attr("text-anchor", "middle")
      .attr("font-size", Math.min(11, cell * 0.48))
      .attr("fill", ([q, k]) => (map.pattern[q * map.positions + k] > 0.6 ? "#000000" : "#ffffff"))
      .text(([q, k]) => Math.round(100 * map.pattern[q * map.positions + k]));
  }

  // The cells of a map: made when the layout changes, else only coloured.
  function paint(group, { pattern, side, each, positions }, anew, top) {
    const blocks = Math.ceil(positions / each),
      cell = side / blocks,
      places = anew ? triangle(blocks) : null;
    if (places) {
      group
        .selectAll("rect")
        .data(places)
        .join("rect")
        .attr("x", ([, k]) => k * cell)
        .attr("y", ([q]) => top + q * cell)
        .attr("width", cell)
        .attr("height", cell)
        .attr("shape-rendering", "crispEdges");
    }
    const nodes = group.node().childNodes;
    for (let q = 0, i = 0; q < blocks; q++) {
      for (let k = 0; k <= q; k++, i++) {
        const colour = COLOURS[Math.round(255 * Math.min(1, largestIn(pattern, q, k, each, positions)))];
        if (nodes[i].painted !== colour) nodes[i].setAttribute("fill", (nodes[i].painted = colour));
      }
    }
  }

  // The row of the chosen position.
  function mark(rect, { side, each, positions }, position, top) {
    const blocks = Math.ceil(positions / each),
      cell = side / blocks,
      row = Math.floor(position / each);
    rect
      .attr("x", -1)
      .attr("y", top + row * cell - 1)
      .attr("width", (row + 1) * cell + 1.5)
      .attr("height", cell + 1.5)
      .attr("stroke", palette.vermilion)
      .attr("stroke-width", 1.5);
  }

  // What is under the pointer, in words.
  function told(event, { name, pattern, side, each, positions }, top = TITLE) {
    const [x, y] = d3.pointer(event, event.currentTarget),
      blocks = Math.ceil(positions / each),
      cell = side / blocks;
    const query = Math.floor((y - top) / cell),
      key = Math.floor(x / cell);
    if (query < 0 || query >= blocks || key < 0 || key >= blocks) return name;
    const of = (what, block) => {
      const first = block * each,
        last = Math.min(positions, first + each) - 1;
      return first === last ? `${what} ${first}` : `${what} ${first}–${last}`;
    };
    if (key > query) return `${name}: ${of("query", query)} cannot see ${of("key", key)}`;
    const value = number(largestIn(pattern, query, key, each, positions));
    return `${name}: ${of("query", query)}, ${of("key", key)}: ${each > 1 ? "at most " : ""}${value}`;
  }

  return { draw };
}

// The largest side up to `room` of which every cell has a whole number of pixels, if there is one.
const whole = (room, cells) => Math.floor(room / cells) * cells || room;

const triangle = (n) => d3.range(n).flatMap((q) => d3.range(q + 1).map((k) => [q, k]));

function largestIn(pattern, q, k, each, positions) {
  if (each === 1) return pattern[q * positions + k];
  let largest = 0;
  for (let i = q * each; i < Math.min(positions, (q + 1) * each); i++) {
    for (let j = k * each; j < Math.min(i + 1, (k + 1) * each); j++) {
      largest = Math.max(largest, pattern[i * positions + j]);
    }
  }
  return largest;
}
