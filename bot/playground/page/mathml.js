// A formula: the MathML that the server made of it, let in element by element; its source where there is none.

import { h } from "./dom.js";

const SPACE = "http://www.w3.org/1998/Math/MathML";
const ELEMENTS = new Set(
  ("math mrow mi mn mo mtext mspace msup msub msubsup mfrac msqrt mroot mover munder munderover mmultiscripts mprescripts " +
    "mtable mtr mtd mstyle mpadded mphantom menclose merror ms none").split(" "),
);
const ATTRIBUTES = new Set(
  ("mathvariant stretchy fence separator form lspace rspace accent accentunder movablelimits largeop symmetric maxsize " +
    "minsize width height depth voffset displaystyle scriptlevel linethickness notation columnspan rowspan").split(" "),
);

export function formula(expression, mathml, { block = false } = {}) {
  const source = String(expression ?? "");
  const drawn = mathml ? drawing(mathml) : null;
  if (drawn === null) return block ? h("pre.source", {}, source) : h("code", {}, source);
  drawn.setAttribute("display", block ? "block" : "inline");
  drawn.setAttribute("aria-label", source);
  return block ? h("div.formula", { role: "group", "aria-label": source }, drawn) : drawn;
}

function drawing(text) {
  const parsed = new DOMParser().parseFromString(text, "application/xml").documentElement;
  if (parsed.namespaceURI !== SPACE || parsed.localName !== "math") return null;
  try {
    return copy(parsed);
  } catch {
    return null;
  }
}

function copy(element) {
  if (element.namespaceURI !== SPACE || !ELEMENTS.has(element.localName)) throw new Error("no formula");
  const made = document.createElementNS(SPACE, element.localName);
  for (const { name, value } of element.attributes) {
    if (ATTRIBUTES.has(name)) made.setAttribute(name, value);
    if (name === "columnalign" && ["left", "center", "right"].includes(value)) made.classList.add(value);
  }
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) made.append(child.data);
    else if (child.nodeType === Node.ELEMENT_NODE) made.append(copy(child));
  }
  return made;
}

// A formula that does not fit is drawn smaller where that makes it fit and leaves it readable; otherwise it scrolls.
const SMALLEST = 0.52;

export function fit(container) {
  for (const place of container.querySelectorAll(".formula")) {
    place.style.fontSize = "";
    if (place.scrollWidth > place.clientWidth + 1 && place.clientWidth > 0) {
      const share = (place.clientWidth - 1) / place.scrollWidth;
      if (share >= SMALLEST) place.style.fontSize = `${share}em`;
    }
  }
}
