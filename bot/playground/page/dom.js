// Making elements. Whatever is said in a chat gets into the page through here, as text, never as markup.

export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value === "boolean") element[key] = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Drawings of our own, by name: one path each in a square of 24.
const ICONS = {
  send: "M3.4 20.4 21 12 3.4 3.6 3.4 10.2 15 12 3.4 13.8z",
  back: "M20 11H7.8l5.6-5.6L12 4l-8 8 8 8 1.4-1.4L7.8 13H20z",
  menu: "M3 6h18v2H3zm0 5h18v2H3zm0 5h18v2H3z",
  close: "M6.4 5 5 6.4 10.6 12 5 17.6 6.4 19 12 13.4 17.6 19 19 17.6 13.4 12 19 6.4 17.6 5 12 10.6z",
  reply: "M10 9V5l-7 7 7 7v-4.1c5 0 8.500 1.600 11 5.100-1-5-4-10-11-11z",
  down: "M7.400 8.600 12 13.200l4.600-4.600L18 10l-6 6-6-6z",
  link: "M7 17 15.600 8.400H9V6.500h9.900v9.900H17V9.800L8.400 18.400z",
  copy: "M8 4h11v13h-2V6H8zM5 8h10v13H5zm2 2v9h6v-9z",
  file: "M6 2h8l5 5v15H6zm7 1.500V8h4.500z",
  eye: "M12 6c4.500 0 8 3.500 9.500 6-1.500 2.500-5 6-9.500 6s-8-3.500-9.500-6C4 9.500 7.500 6 12 6zm0 2.200a3.800 3.800 0 1 0 0 7.600 3.800 3.800 0 0 0 0-7.600zm0 2a1.800 1.800 0 1 1 0 3.600 1.800 1.800 0 0 1 0-3.600z",
  ticks: "M1.500 12.500 6 17 15.500 7.500 14.300 6.300 6 14.600 2.700 11.300zM11 15.600l1.400 1.400L22 7.500l-1.200-1.200-8.400 8.300z",
  chevron: "M9 6l6 6-6 6-1.400-1.400L12.200 12 7.600 7.400z",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("class", "icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  drawing.append(path);
  return drawing;
}

// A link that can do no harm: web, mail and telephone addresses alone; anything else is its text.
export function link(address, ...children) {
  let safe = null;
  try {
    const url = new URL(address);
    if (["http:", "https:", "mailto:", "tel:"].includes(url.protocol)) safe = url.href;
  } catch {
    safe = null;
  }
  if (safe === null) return h("span", {}, ...children);
  return h("a", { href: safe, target: "_blank", rel: "noopener noreferrer nofollow", title: safe }, ...children);
}
