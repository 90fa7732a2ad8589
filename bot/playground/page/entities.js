// Text with entities, as the Bot API describes it: offsets count UTF-16 units, as JavaScript's strings do.

import { h, link } from "./dom.js";

const INLINE = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code" };
const ACTIVE = new Set(["bot_command", "mention", "hashtag", "cashtag", "bank_card_number"]);

export function formatted(text, entities, actions) {
  const sorted = [...(entities ?? [])]
    .filter((piece) => piece.length > 0 && piece.offset >= 0 && piece.offset + piece.length <= text.length)
    .sort((a, b) => a.offset - b.offset || b.length - a.length);
  return range(text, sorted, 0, text.length, actions);
}

function range(text, entities, start, end, actions) {
  const made = [];
  let at = start;
  let index = 0;
  while (index < entities.length) {
    const piece = entities[index];
    const last = Math.min(piece.offset + piece.length, end);
    if (piece.offset > at) made.push(text.slice(at, piece.offset));
    const inside = [];
    index += 1;
    while (index < entities.length && entities[index].offset < last) inside.push(entities[index++]);
    made.push(wrapped(piece, text.slice(piece.offset, last), range(text, inside, piece.offset, last, actions), actions));
    at = last;
  }
  if (at < end) made.push(text.slice(at, end));
  return trimmed(made);
}

// A block breaks the line by itself, so that the line feed beside it is not shown as an empty line.
function trimmed(pieces) {
  return pieces.map((piece, place) => {
    if (typeof piece !== "string") return piece;
    let shown = piece;
    if (isBlock(pieces[place - 1])) shown = shown.replace(/^\n/, "");
    if (isBlock(pieces[place + 1])) shown = shown.replace(/\n$/, "");
    return shown;
  });
}

const isBlock = (piece) => piece instanceof HTMLElement && ["BLOCKQUOTE", "PRE"].includes(piece.tagName);

function wrapped(piece, raw, children, actions) {
  if (INLINE[piece.type]) return h(INLINE[piece.type], {}, children);
  switch (piece.type) {
    case "spoiler":
      return spoiler(children);
    case "pre":
      return h("pre", { "data-language": piece.language }, h("code", {}, children));
    case "blockquote":
      return h("blockquote", {}, children);
    case "expandable_blockquote":
      return expandable(children, actions);
    case "text_link":
      return link(piece.url, children);
    case "url":
      return link(/^[a-z]+:/i.test(raw) ? raw : `https://${raw}`, children);
    case "email":
      return link(`mailto:${raw}`, children);
    case "phone_number":
      return link(`tel:${raw}`, children);
    case "bot_command":
      return h("button.inline", { type: "button", onclick: () => actions.say(raw) }, children);
    default:
      return ACTIVE.has(piece.type) || piece.type === "text_mention" ? h("span.mention", {}, children) : h("span", {}, children);
  }
}

export function spoiler(children) {
  const show = (event) => {
    if (event.type === "keydown" && !["Enter", " "].includes(event.key)) return;
    made.classList.add("shown");
    made.removeAttribute("role");
  };
  const made = h("span.spoiler", { role: "button", tabindex: 0, onclick: show, onkeydown: show }, h("span", {}, children));
  return made;
}

export function expandable(children, actions, credit = null) {
  const content = h("div.clamp", {}, children);
  const button = h("button.unfold", { type: "button", "aria-expanded": "false" }, actions.words.more);
  button.addEventListener("click", () => {
    const open = quote.classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? actions.words.less : actions.words.more;
  });
  const quote = h("blockquote.expandable", {}, content, credit, button);
  return quote;
}
