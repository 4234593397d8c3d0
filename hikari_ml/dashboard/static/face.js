// Hikari's face, drawn from valence, arousal and the emotion shown.

const SVG = "http://www.w3.org/2000/svg";

function part(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

let parts;

function draw(svg) {
  parts = {
    head: part("circle", { cx: 50, cy: 50, r: 46, class: "head" }),
    cheeks: [20, 80].map((cx) => part("ellipse", { cx, cy: 60, rx: 8, ry: 4.5, class: "cheek" })),
    eyes: [33, 67].map((cx) => part("ellipse", { cx, cy: 45, rx: 5, class: "eye" })),
    brows: [33, 67].map(() => part("path", { class: "stroke" })),
    mouth: part("path", { class: "stroke mouth" }),
  };
  svg.append(parts.head, ...parts.cheeks, ...parts.eyes, ...parts.brows, parts.mouth);
}

export function drawFace(svg, shown) {
  if (!parts) draw(svg);
  const { dominant = "neutral", intensity = 0, valence = 0 } = shown;
  const surprised = dominant === "surprise" || dominant === "fear" ? intensity : 0;
  const glad = dominant === "joy" ? intensity : 0;
  const sad = dominant === "sadness" ? intensity : 0;
  const cross = dominant === "anger" || dominant === "disgust" ? intensity : 0;
  const curve = 4 + 13 * glad - 11 * sad - 9 * cross + 6 * Math.max(0, valence) * (1 - glad);
  const open = 9 * surprised + 7 * Math.max(0, glad - 0.5) * 2;
  const width = 15 + 4 * glad - 5 * surprised;
  const high = 68 - curve / 3;
  parts.mouth.setAttribute("d", `M${50 - width} ${high} Q50 ${high + curve * 1.4} ${50 + width} ${high}` +
    (open > 0.5 ? ` Q50 ${high + curve * 1.4 + open * 2.4} ${50 - width} ${high} Z` : ""));
  parts.mouth.classList.toggle("open", open > 0.5);
  for (const eye of parts.eyes) eye.setAttribute("ry", 6.5 + 2 * surprised - 3.2 * Math.max(0, glad - 0.4) - 1.2 * sad);
  parts.brows.forEach((brow, side) => {
    const x = side ? 67 : 33;
    const inward = side ? -1 : 1;
    const height = 33 - 6 * surprised - 3 * glad;
    const tilt = 4 * cross - 4 * sad; // the inner end goes down in anger, up in sorrow
    brow.setAttribute("d", `M${x - 7 * inward} ${height - tilt / 2} Q${x} ${height - 3} ${x + 7 * inward} ${height + tilt}`);
  });
  for (const cheek of parts.cheeks) cheek.setAttribute("opacity", 0.15 + 0.6 * glad);
  const text = `Hikari's face: ${dominant}${intensity ? `, ${Math.round(100 * intensity)} %` : ""}`;
  if (svg.getAttribute("aria-label") !== text) svg.setAttribute("aria-label", text);
}
