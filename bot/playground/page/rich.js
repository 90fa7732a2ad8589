// Rich messages: blocks and rich texts as the Bot API hands them to a client, drawn with elements of the page.

import { h, icon, link } from "./dom.js";
import { expandable, spoiler } from "./entities.js";
import { formula } from "./mathml.js";

const INLINE = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s",
  subscript: "sub", superscript: "sup", marked: "mark", code: "code",
};
const LINKS = {
  url: (text) => text.url,
  email_address: (text) => `mailto:${text.email_address}`,
  phone_number: (text) => `tel:${text.phone_number}`,
};
const STYLES = new Set(["primary", "success", "danger", "link"]);

export function rich(message, actions) {
  return h("div.rich", { dir: message.is_rtl ? "rtl" : "auto" }, blocks(message.blocks, actions));
}

export const blocks = (list, actions) => (list ?? []).map((one) => block(one, actions));

function block(one, actions) {
  const text = () => inline(one.text, actions);
  switch (one.type) {
    case "paragraph":
      return h("p", {}, text());
    case "heading":
      return h(`h${Math.min(6, Math.max(1, one.size || 1))}`, {}, text());
    case "pre":
      return h("pre", { "data-language": one.language }, h("code", {}, text()));
    case "footer":
      return h("footer", {}, text());
    case "divider":
      return h("hr");
    case "mathematical_expression":
      return formula(one.expression, one.mathml, { block: true });
    case "anchor":
      return h("a.anchor", { "data-anchor": one.name });
    case "list":
      return list(one, actions);
    case "blockquote":
      return h("blockquote", {}, blocks(one.blocks, actions), credit(one.credit, actions));
    case "expandable_blockquote":
      return expandable([h("p", {}, text())], actions, credit(one.credit, actions));
    case "pullquote":
      return h("aside", {}, h("p", {}, text()), credit(one.credit, actions));
    case "table":
      return table(one, actions);
    case "details":
      return h("details", { open: one.is_open === true },
        h("summary", {}, h("span", {}, inline(one.summary, actions))),
        h("div.inside", {}, blocks(one.blocks, actions)));
    case "buttons":
      return h("div.buttons", { role: "group", "data-align": one.align }, (one.buttons ?? []).map((each) => button(each, actions)));
    case "collage":
    case "slideshow":
      return h("figure.collage", {}, blocks(one.blocks, actions), caption(one.caption, actions));
    case "photo":
      return h("figure", {}, actions.photo(one.photo), caption(one.caption, actions));
    case "document":
    case "animation":
    case "audio":
    case "video":
    case "voice_note":
      return h("figure", {}, actions.file(one[one.type]), caption(one.caption, actions));
    case "map":
      return h("figure.map", {}, `${one.location?.latitude}, ${one.location?.longitude}`, caption(one.caption, actions));
    case "thinking":
      return h("p.thinking", {}, text());
    default:
      return h("p.unknown", {}, actions.words.unknownBlock.replace("{type}", String(one.type)));
  }
}

const credit = (text, actions) => (text ? h("cite", {}, inline(text, actions)) : null);
const caption = (one, actions) => (one ? h("figcaption", {}, inline(one.text, actions), credit(one.credit, actions)) : null);

function list(one, actions) {
  const items = one.items ?? [];
  const ordered = items.some((item) => item.value !== undefined || item.type);
  return h(ordered ? "ol" : "ul", {}, items.map((item) => {
    const mark = item.has_checkbox
      ? h("span.check", { role: "img", "aria-label": item.is_checked ? actions.words.done : actions.words.open, "data-on": item.is_checked === true })
      : h("span.label", {}, item.label || (ordered ? `${item.value ?? ""}.` : "•"));
    return h("li", {}, mark, h("div", {}, blocks(item.blocks, actions)));
  }));
}

function table(one, actions) {
  const kinds = ["bordered", "striped", "compact"].filter((kind) => one[`is_${kind}`]);
  const rows = (one.cells ?? []).map((row) => h("tr", {}, row.map((cell) => h(cell.is_header ? "th" : "td", {
    colspan: cell.colspan > 1 ? cell.colspan : null,
    rowspan: cell.rowspan > 1 ? cell.rowspan : null,
    "data-align": cell.align,
    "data-valign": cell.valign,
    "data-empty": cell.text === undefined,
  }, inline(cell.text, actions)))));
  const made = h(["table", ...kinds].join("."), {}, one.caption ? h("caption", {}, inline(one.caption, actions)) : null, h("tbody", {}, rows));
  return h("div.scroll", { role: "group", "aria-label": actions.words.table }, made);
}

export function inline(text, actions) {
  if (text === undefined || text === null) return [];
  if (typeof text === "string") return [text];
  if (Array.isArray(text)) return text.map((piece) => inline(piece, actions));
  const inside = () => inline(text.text, actions);
  if (INLINE[text.type]) return [h(INLINE[text.type], {}, inside())];
  if (LINKS[text.type]) return [link(LINKS[text.type](text), inside())];
  switch (text.type) {
    case "spoiler":
      return [spoiler(inside())];
    case "mathematical_expression":
      return [formula(text.expression, text.mathml)];
    case "button":
      return [button(text.button ?? {}, actions)];
    case "custom_emoji":
      return [text.alternative_text ?? ""];
    case "anchor":
      return [h("a.anchor", { "data-anchor": text.name })];
    case "anchor_link":
      return [jump(text.anchor_name, "anchor", inside())];
    case "reference":
      return [h("span", { "data-reference": text.name }, inside())];
    case "reference_link":
      return [jump(text.reference_name, "reference", inside())];
    case "bot_command":
      return [h("button.inline", { type: "button", onclick: () => actions.say(text.bot_command) }, inside())];
    default:
      return [h("span.mention", {}, inside())];
  }
}

function jump(name, kind, children) {
  const go = (event) => {
    const places = event.target.closest(".rich").querySelectorAll(`[data-${kind}]`);
    const place = [...places].find((each) => each.dataset[kind] === name);
    for (let up = place; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    place?.scrollIntoView({ block: "center" });
  };
  return h("button.inline", { type: "button", onclick: go }, children);
}

export function button(one, actions) {
  const style = STYLES.has(one.style) ? one.style : "plain";
  const label = inline(one.text, actions);
  if (one.url) {
    const made = link(one.url, label, icon("link"));
    made.classList.add("button", style);
    return made;
  }
  const made = h(`button.button.${style}`, { type: "button", disabled: one.disabled !== undefined }, label);
  if (one.callback_data !== undefined) {
    made.dataset.data = one.callback_data;
    made.addEventListener("click", () => actions.press(one.callback_data, made));
  } else if (one.copy_text) {
    made.append(icon("copy"));
    made.addEventListener("click", () => actions.copy(one.copy_text.text));
  }
  return made;
}
