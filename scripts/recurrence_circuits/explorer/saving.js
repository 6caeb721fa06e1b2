// The view as one drawing, with the settings that it shows inside: as SVG, and from that as PNG.

import { withText } from "./png.js";
import { FONT, INK, SOFT } from "./views/plot.js";

const MARGIN = 20,
  TITLE = 26,
  SCALE = 2; // pixels; pixels of a PNG per pixel of the page

// The panels as they stand on the page, under a heading and one line of settings. `settings` goes into <metadata>.
export function wholeDrawing(panels, heading, settings) {
  const boxes = panels.map((panel) => panel.getBoundingClientRect());
  const left = Math.min(...boxes.map((box) => box.left)),
    top = Math.min(...boxes.map((box) => box.top));
  const width = Math.max(...boxes.map((box) => box.right)) - left + 2 * MARGIN;
  const words = wrapped(JSON.stringify(settings.state).replace(/[{}"]/g, "").replaceAll(",", ", "), width - 2 * MARGIN);
  const above = MARGIN + TITLE + 16 * words.length,
    height = Math.max(...boxes.map((box) => box.bottom)) - top + above + 2 * MARGIN;
  const svg = d3
    .create("svg")
    .attr("xmlns", "http://www.w3.org/2000/svg")
    .attr("width", width)
    .attr("height", height)
    .attr("viewBox", `0 0 ${width} ${height}`)
    .attr("font-family", FONT);
  svg.append("title").text(heading);
  svg.append("metadata").text(JSON.stringify(settings));
  svg.append("rect").attr("width", width).attr("height", height).attr("fill", "#ffffff");
  svg
    .append("text")
    .attr("x", MARGIN)
    .attr("y", MARGIN + 8)
    .attr("font-size", 17)
    .attr("font-weight", "bold")
    .attr("fill", INK)
    .text(heading);
  words.forEach((line, i) =>
    svg
      .append("text")
      .attr("x", MARGIN)
      .attr("y", MARGIN + 30 + 16 * i)
      .attr("font-size", 11)
      .attr("fill", SOFT)
      .text(line),
  );
  panels.forEach((panel, i) => {
    const at = svg
      .append("g")
      .attr("transform", `translate(${boxes[i].left - left + MARGIN},${boxes[i].top - top + above})`);
    at.append("text")
      .attr("y", 14)
      .attr("font-size", 13)
      .attr("font-weight", "bold")
      .attr("fill", INK)
      .text(panel.querySelector("h2").textContent);
    const drawing = panel.querySelector("svg"),
      copy = drawing.cloneNode(true),
      box = drawing.getBoundingClientRect();
    copy.querySelectorAll("[fill=transparent]").forEach((node) => node.remove());
    at.append(() => copy)
      .attr("x", box.left - boxes[i].left)
      .attr("y", box.top - boxes[i].top);
  });
  return { text: new XMLSerializer().serializeToString(svg.node()), width, height };
}

function wrapped(text, width) {
  const lines = [""],
    most = Math.floor(width / 6.6);
  for (const word of text.split(" ")) {
    if (lines.at(-1).length + word.length > most) lines.push("");
    lines[lines.length - 1] += `${word} `;
  }
  return lines;
}

// The PNG of a drawing, with the settings as its text “Description”.
export async function pngOf({ text, width, height }, settings) {
  const image = new Image(),
    canvas = document.createElement("canvas");
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  canvas.width = Math.round(SCALE * width);
  canvas.height = Math.round(SCALE * height);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => {
    canvas.toBlob(resolve, "image/png");
  });
  return withText(new Uint8Array(await blob.arrayBuffer()), "Description", JSON.stringify(settings));
}

export function download(content, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
