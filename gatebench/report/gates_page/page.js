"use strict";

// The data that gatebench wrote into this page. T steps, U units; arrays come as bytes with a range.
const data = JSON.parse(document.getElementById("data").textContent);
const state = { layer: 0, unit: -1 };  // unit -1: the mean of all units

// --- arrays -----------------------------------------------------------------------------------------------------

function decode(packed) {
  const text = atob(packed.bytes);
  const values = new Float32Array(text.length);
  const step = (packed.high - packed.low) / 255;
  for (let i = 0; i < text.length; i++) values[i] = packed.low + step * text.charCodeAt(i);
  return { values, shape: packed.shape, low: packed.low, high: packed.high };
}

const layers = data.layers.map((gates) => gates.map((gate) => ({ ...gate, ...decode(gate.values) })));
const views = data.views;  // by the name of a recurrent part; "" is the example itself
for (const one of Object.values(views)) for (const name of ["values", "pixels"]) if (one[name]) one[name] = decode(one[name]);
const hasGates = layers[0].length > 0;
let view, steps;  // of the layer that is shown

function choose(layer) {
  state.layer = layer;
  view = views[data.parts[layer]] || views[""];
  steps = hasGates ? layers[layer][0].shape[0] : 0;
}

function column(gate, unit) {
  const [length, units] = gate.shape;
  return Array.from({ length }, (_, t) => gate.values[t * units + unit]);
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

// The values over time that the slider chose, and the band of 80 % of the units.
function course(gate) {
  const [length, units] = gate.shape;
  const low = [], high = [], mean = [];
  for (let t = 0; t < length; t++) {
    const row = gate.values.subarray(t * units, (t + 1) * units);
    const sorted = Float32Array.from(row).sort();
    low.push(quantile(sorted, 0.1));
    high.push(quantile(sorted, 0.9));
    mean.push(row.reduce((sum, value) => sum + value, 0) / units);
  }
  return { low, high, line: state.unit < 0 ? mean : column(gate, state.unit) };
}

// --- colours: white to dark blue; orange to white to blue for values of both signs ---------------------------------

// range: the values from white to dark; those of the gate, or those of one line over time.
function shade(gate, value, range = ranges(gate)) {
  const white = [255, 255, 255], blue = [8, 48, 107], orange = [166, 54, 3];
  if (gate.unit) return mixed(white, blue, (value - range[0]) / (range[1] - range[0] || 1));
  const part = value / (range[1] || 1);
  return part < 0 ? mixed(white, orange, -part) : mixed(white, blue, part);
}

function ranges(gate, line = null) {
  if (gate.unit) return line ? [Math.min(...line), Math.max(...line)] : [0, 1];
  const bound = Math.max(...(line || [gate.low, gate.high]).map(Math.abs));
  return [-bound, bound];
}

function mixed(from, to, part) {
  const share = Math.min(1, Math.max(0, part));
  return from.map((value, i) => Math.round(value + share * (to[i] - value)));
}

const css = (rgb) => `rgb(${rgb.join(",")})`;
const ink = (rgb) => (rgb[0] + rgb[1] + rgb[2] < 380 ? "#fff" : "#1c1e21");

// --- elements -------------------------------------------------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function canvas(width, height, colour) {
  const made = element("canvas", { width, height });
  const context = made.getContext("2d");
  const image = context.createImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) image.data.set([...colour(x, y), 255], 4 * (y * width + x));
  }
  context.putImageData(image, 0, 0);
  return made;
}

function key(gate, range = ranges(gate)) {
  const [low, high] = range;
  const stops = [0, 0.25, 0.5, 0.75, 1].map((part) => css(shade(gate, low + part * (high - low), range)));
  const bar = element("i", { style: `background: linear-gradient(to right, ${stops.join(",")})` });
  return element("div", { className: "key" }, short(low), bar, short(high));
}

const short = (value) => String(Number(value.toPrecision(2)));

const axis = () => element("div", { className: "axis" }, element("span", {}, stepName(0)), element("span", {}, stepName(steps - 1)));

function stepName(t) {
  if (view.kind === "spectrogram") return `${(t * view.seconds).toFixed(2)} s`;
  return view.kind === "words" ? `step ${t + 1}: ${view.words[t]}` : `step ${t + 1}`;
}

// --- curves over time -------------------------------------------------------------------------------------------------

function chart(curves, low, high, height = 90) {
  const width = 1000, pad = 4;
  const x = (t) => ((t + 0.5) / steps) * width;  // the middle of the column of the step in the pictures
  const y = (value) => pad + (1 - (value - low) / (high - low || 1)) * (height - 2 * pad);
  const points = (line) => line.map((value, t) => `${x(t).toFixed(1)},${y(value).toFixed(1)}`);
  const parts = [low, (low + high) / 2, high].map((at) => `<line class="grid" x1="0" x2="${width}" y1="${y(at)}" y2="${y(at)}"/>`);
  for (const curve of curves) {
    if (curve.low) parts.push(`<polygon class="band" points="${[...points(curve.low), ...points(curve.high).reverse()].join(" ")}"/>`);
    parts.push(`<polyline class="mean" points="${points(curve.line).join(" ")}"${curve.style ? ` style="${curve.style}"` : ""}/>`);
  }
  const holder = element("div");
  holder.innerHTML = `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" style="height:${height}px" role="img">${parts.join("")}</svg>`;
  return holder;
}

function gateChart(gate) {
  const low = gate.unit ? 0 : Math.min(0, gate.low), high = gate.unit ? 1 : Math.max(0, gate.high);
  return [element("h2", {}, `${gate.label}, ${short(low)} to ${short(high)}`), chart([course(gate)], low, high), axis()];
}

// --- the example, by its kind -------------------------------------------------------------------------------------------

const draw = {
  words(gate) {
    const { line } = course(gate);
    const range = ranges(gate, line);
    const spans = view.words.map((word, t) => {
      const rgb = shade(gate, line[t], range);
      const title = `${gate.label} ${line[t].toFixed(2)}`;
      return element("span", { title, style: `background:${css(rgb)};color:${ink(rgb)}` }, word);
    });
    return [element("h2", {}, gate.label), element("p", { className: "words" }, ...spans.flatMap((span) => [span, " "])), key(gate, range)];
  },
  picture(gate) {
    const { line } = course(gate);
    const range = ranges(gate, line);
    const [rows, columns] = view.pixels.shape;
    const values = new Float32Array(rows * columns);
    view.places.forEach((places, t) => places.forEach((place) => { values[place] = line[t]; }));
    const picture = canvas(columns, rows, (x, y) => shade(gate, values[y * columns + x], range));
    return [figure(picture, gate.label, key(gate, range))];
  },
};

function figure(picture, caption, ...below) {
  const className = picture.width > 1.5 * picture.height ? "wide" : "";
  return element("figure", { className }, picture, element("figcaption", {}, caption), ...below);
}

function original() {
  const values = view.values;
  if (view.kind === "picture") {
    const [rows, columns, channels = 1] = view.pixels.shape;
    const grey = (x, y, c) => Math.round(255 * view.pixels.values[(y * columns + x) * channels + Math.min(c, channels - 1)]);
    const picture = canvas(columns, rows, (x, y) => [0, 1, 2].map((c) => grey(x, y, c)));
    return [figure(picture, "what the network reads")];
  }
  if (view.kind === "spectrogram" || view.kind === "roll") {
    const [length, features] = values.shape;
    const range = values.high - values.low || 1;
    const dark = (x, y) => 255 - Math.round((255 * (values.values[x * features + features - 1 - y] - values.low)) / range);
    const title = view.kind === "roll" ? "the keys, low ones below" : "the features, low frequencies below";
    const picture = canvas(length, features, (x, y) => Array(3).fill(dark(x, y)));
    picture.style.height = "150px";
    return [element("h2", {}, title), picture, axis()];
  }
  if (view.kind === "curves") {
    const [length, columns] = values.shape;
    const lines = view.names.slice(0, 8).map((_, c) => ({
      line: Array.from({ length }, (_unused, t) => values.values[t * columns + c]),
      style: `stroke:${["#000", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#999"][c]}`,
    }));
    const rest = view.names.length > 8 ? ` and ${view.names.length - 8} more` : "";
    return [element("h2", {}, `the input: ${view.names.slice(0, 8).join(", ")}${rest}`), chart(lines, values.low, values.high, 150), axis()];
  }
  return [];
}

// --- all units ----------------------------------------------------------------------------------------------------------

function unitMap(gate) {
  const [length, units] = gate.shape;
  const means = Array.from({ length: units }, (_, u) => column(gate, u).reduce((sum, value) => sum + value, 0) / length);
  const order = means.map((_, u) => u).sort((a, b) => means[b] - means[a]);
  const picture = canvas(length, units, (x, y) => shade(gate, gate.values[x * units + order[y]]));
  picture.style.height = `${Math.min(260, Math.max(60, 3 * units))}px`;
  const at = (event) => {
    const box = picture.getBoundingClientRect();
    const place = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    return [place((event.clientX - box.left) / box.width, length), order[place((event.clientY - box.top) / box.height, units)]];
  };
  picture.onmousemove = (event) => {
    const [t, unit] = at(event);
    read.textContent = `${gate.label}, ${unitName(unit)}, ${stepName(t)}: ${gate.values[t * units + unit].toFixed(2)}`;
  };
  picture.onclick = (event) => { [, state.unit] = at(event); show(); };
  return [element("h2", {}, gate.label), picture, axis(), key(gate)];
}

const read = element("div", { id: "read" }, "Point at a value to read it; click to choose its unit.");

function unitName(unit) {
  const directions = data.directions[state.layer];
  const hidden = layers[state.layer][0].shape[1] / directions;
  const backward = unit >= hidden ? ", backward" : "";
  return `unit ${(unit % hidden) + 1}${directions > 1 ? backward || ", forward" : ""}`;
}

function layerName(layer) {
  return data.parts[layer] ? `${layer + 1}, ${data.parts[layer]}` : String(layer + 1);
}

// --- the page -------------------------------------------------------------------------------------------------------------

function controls() {
  const form = document.getElementById("controls");
  form.onsubmit = (event) => event.preventDefault();
  const units = layers[0].length ? layers[0][0].shape[1] : 0;
  const slider = element("input", { type: "range", min: -1, max: units - 1, value: -1, id: "unit" });
  const name = element("output");
  slider.oninput = () => { state.unit = Number(slider.value); show(); };
  if (layers.length > 1) {
    const layer = element("input", { type: "range", min: 0, max: layers.length - 1, value: 0 });
    const number = element("output", {}, layerName(0));
    layer.oninput = () => { choose(Number(layer.value)); number.textContent = layerName(state.layer); show(); };
    form.append(element("label", {}, "layer", layer, number));
  }
  form.append(element("label", {}, "unit", slider, name));
  return () => {
    slider.value = state.unit;
    name.textContent = state.unit < 0 ? "mean of all units" : unitName(state.unit);
  };
}

function answers() {
  const rows = data.answers.slice(0, 5).map(([name, share]) => element("div", { className: "answer" },
    element("span", {}, name), element("i", { style: `width:${100 * share}%` }), element("span", {}, `${(100 * share).toFixed(1)} %`)));
  document.getElementById("answers").replaceChildren(...rows);
}

function show() {
  name();
  const gates = layers[state.layer], own = draw[view.kind];
  const parts = own ? [...original(), ...gates.flatMap(own)] : [...original(), ...gates.flatMap(gateChart)];
  const holder = view.kind === "picture" ? [element("div", { className: "pictures" }, ...parts)] : parts;
  const legend = state.unit < 0 ? "the mean of all units" : unitName(state.unit);
  const curves = own ? gates.flatMap(gateChart) : [];
  curves.push(element("p", { className: "key" }, `Line: ${legend}. Band: 80 % of the units.`));
  document.getElementById("example").replaceChildren(...holder, ...curves);
  document.getElementById("units").replaceChildren(element("h2", {}, "All units, those with the greatest mean above"), read, ...gates.flatMap(unitMap));
}

choose(0);
const name = controls();
answers();
if (steps) show();
