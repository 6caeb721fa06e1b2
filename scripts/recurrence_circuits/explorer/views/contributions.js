// Direct contributions at the chosen position: signed bars that add up to the prediction.

import { SOFT, axis, drawing, shown as number } from "./plot.js";

const BAR = 17,
  LEFT = 92,
  RIGHT = 58,
  BOTTOM = 40,
  MOST = 40; // pixels; bars, beyond which the smallest are summed

export function contributionsView(panel, palette, act) {
  const view = drawing(panel, () => act.redraw());

  // The bars: each component's value at the position, those beyond MOST summed as one, and the prediction.
  function bars(state, result) {
    const at = (components) =>
      new Map(components.map(({ name, values }) => [name, values[state.position][state.coordinate]]));
    const values = at(result.shown.contributions),
      whole = at(result.whole.contributions),
      names = [...values.keys()];
    const bySize = [...names].sort((one, other) => Math.abs(values.get(other)) - Math.abs(values.get(one)));
    const kept = new Set(names.length > MOST ? bySize.slice(0, MOST - 1) : names),
      rest = names.filter((name) => !kept.has(name));
    const made = names
      .filter((name) => kept.has(name))
      .map((name) => ({
        name,
        value: values.get(name),
        whole: whole.get(name),
        kind: state.replaced[name],
      }));
    const sum = (of) => rest.reduce((total, name) => total + of.get(name), 0);
    if (rest.length) made.push({ name: `${rest.length} others`, value: sum(values), whole: sum(whole) });
    const prediction = (pass) => pass.predictions[state.position][state.coordinate];
    return [...made, { name: "sum", total: true, value: prediction(result.shown), whole: prediction(result.whole) }];
  }

  function draw(state, result) {
    const drawn = bars(state, result),
      height = (drawn.length + 0.5) * BAR,
      top = 4;
    const reach = d3.max(drawn, (d) => Math.max(Math.abs(d.value), result.replaced ? Math.abs(d.whole) : 0)) || 1;
    const low = Math.min(
      0,
      d3.min(drawn, (d) => Math.min(d.value, result.replaced ? d.whole : 0)),
    );
    const high = Math.max(
      0,
      d3.max(drawn, (d) => Math.max(d.value, result.replaced ? d.whole : 0)),
    );
    const x = d3.scaleLinear(
      [Math.min(low, -0.05 * reach), Math.max(high, 0.05 * reach)],
      [LEFT + 44, view.width - RIGHT],
    );
    view.size(height + BOTTOM + top);
    const y = (i) => top + i * BAR + (drawn[i].total ? BAR / 2 : 0);
    const rows = view
      .group("bars")
      .selectAll("g.bar")
      .data(drawn, (d) => d.name)
      .join((enter) => {
        const row = enter.append("g").attr("class", "bar");
        row
          .append("text")
          .attr("class", "name")
          .attr("x", LEFT - 8)
          .attr("text-anchor", "end")
          .attr("dy", "0.35em")
          .attr("y", BAR / 2)
          .attr("font-size", 11);
        row
          .append("rect")
          .attr("y", 2)
          .attr("height", BAR - 4);
        row.append("line").attr("y1", 0).attr("y2", BAR).attr("stroke", "#000000").attr("stroke-width", 2);
        row
          .append("text")
          .attr("class", "value")
          .attr("dy", "0.35em")
          .attr("y", BAR / 2)
          .attr("font-size", 11)
          .attr("fill", SOFT);
        return row;
      })
      .attr("transform", (d, i) => `translate(0,${y(i)})`);
    rows
      .select("text.name")
      .text((d) => (d.total ? "prediction" : d.name) + (d.kind ? ` → ${d.kind}` : ""))
      .attr("fill", (d) => (d.kind ? palette.vermilion : "#262626"))
      .attr("font-weight", (d) => (d.total || d.kind ? "bold" : null));
    rows
      .select("rect")
      .attr("x", (d) => Math.min(x(0), x(d.value)))
      .attr("width", (d) => Math.abs(x(d.value) - x(0)))
      .attr("fill", (d) => (d.total ? palette.grey : d.value < 0 ? palette.vermilion : palette.blue));
    rows
      .select("line")
      .attr("x1", (d) => x(d.whole))
      .attr("x2", (d) => x(d.whole))
      .attr("visibility", result.replaced ? "visible" : "hidden");
    rows
      .select("text.value")
      .text((d) => number(d.value))
      .attr("x", (d) => (d.value < 0 ? x(d.value) - 5 : x(d.value) + 5))
      .attr("text-anchor", (d) => (d.value < 0 ? "end" : "start"));
    axis(view.group("bottom"), "Bottom", x, {
      at: `translate(0,${height + top})`,
      length: view.width + LEFT,
      ticks: 4,
      label: "direct contribution (x)",
      format: (v) => number(v, 4),
    });
    view
      .group("zero")
      .selectAll("line")
      .data([0])
      .join("line")
      .attr("x1", x(0))
      .attr("x2", x(0))
      .attr("y1", top)
      .attr("y2", height + top)
      .attr("stroke", palette.grey)
      .attr("stroke-width", 0.8);
  }

  return { draw };
}
