// What a reader may enter. Each function returns the value, or throws a Refusal that says what was expected and found.

export class Refusal extends Error {}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function refuse(name, expected, found) {
  const shown = String(found);
  throw new Refusal(`${name}: expected ${expected}, found ${shown === "" ? "nothing" : `“${shown.slice(0, 40)}”`}.`);
}

// A number between low and high; whole, if it counts something.
export function numberIn(name, text, { low, high, whole = false }) {
  const plain = String(text).trim().replace(/^[−–]/, "-"),
    value = Number(plain);
  const kind = whole ? "a whole number" : "a number";
  if (!NUMBER.test(plain) || !(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
    refuse(name, `${kind} from ${shortly(low)} to ${shortly(high)}`, text);
  }
  return value;
}

// The standard deviation of the noise: 0, or not so small that the optimal prediction cannot be computed.
export function noiseIn(text, least, high) {
  const value = numberIn("noise", text, { low: 0, high });
  if (value > 0 && value < least) refuse("noise", `0, or a number from ${least} to ${high}`, text);
  return value;
}

export function oneOf(name, text, values) {
  if (!values.includes(text)) {
    refuse(name, `one of ${values.slice(0, 12).join(", ")}${values.length > 12 ? ", …" : ""}`, text);
  }
  return text;
}

const LARGEST = 1e9; // of a typed term

// Typed terms, each an array of `dimension` numbers: at least one, at most one more than the model's context, which is
// then only a target. Numbers stand between blanks or commas; terms of several coordinates between commas.
export function termsIn(text, dimension, most) {
  const parts = dimension === 1 ? text.trim().split(/\s*[,;]\s*|\s+/) : text.trim().split(/\s*[,;]\s*/);
  if (parts.at(-1) === "") parts.pop(); // a comma at the end, or nothing at all
  const terms = parts.map((part) => part.split(/\s+/));
  if (terms.length < 1) refuse("terms", `1 to ${most} terms`, text.trim());
  if (terms.length > most) {
    refuse("terms", `at most ${most} terms (${most - 1} of context and one target)`, `${terms.length} terms`);
  }
  return terms.map((coordinates, n) => {
    if (coordinates.length !== dimension) {
      refuse(
        `term x_${n}`,
        `${dimension} coordinates between blanks, and a comma after each term`,
        coordinates.join(" "),
      );
    }
    return coordinates.map((coordinate) => numberIn(`term x_${n}`, coordinate, { low: -LARGEST, high: LARGEST }));
  });
}

export function termsText(terms) {
  return terms.map((term) => term.map((value) => Number(value.toPrecision(9))).join(" ")).join(", ");
}

function shortly(value) {
  return String(Number(value.toPrecision(4))).replace("-", "−");
}
