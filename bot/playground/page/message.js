// One message: a bubble with what is said, its time, and the buttons under it.

import { h, icon } from "./dom.js";
import { formatted } from "./entities.js";
import { avatar, colourOf } from "./people.js";
import { button, rich } from "./rich.js";
import { keyOf } from "./store.js";

const FILES = ["document", "animation", "audio", "video", "voice"];

// What a message says in one line, for the list of chats, quotations and screen readers.
export function summary(message, view) {
  const words = view.words;
  if (!message) return "";
  const told = service(message, words, view.who);
  if (told) return told;
  if (message.rich_message) return view.classic ? words.unsupported : plain(message.rich_message.blocks).slice(0, 300) || words.richShort;
  const held = FILES.map((kind) => message[kind]).find(Boolean);
  const file = message.photo ? `${words.photo} ` : held ? `${held.file_name ?? words.file} ` : "";
  return `${file}${message.text ?? message.caption ?? ""}`.replace(/\s+/g, " ").trim();
}

function plain(list) {
  return (list ?? []).map((one) => [
    flat(one.text), flat(one.summary), plain(one.blocks), one.expression,
    ...(one.items ?? []).map((item) => plain(item.blocks)),
    ...(one.cells ?? []).flat().map((cell) => flat(cell.text)),
  ].filter(Boolean).join(" ")).join(" ").replace(/\s+/g, " ").trim();
}

function flat(text) {
  if (typeof text === "string") return text;
  if (Array.isArray(text)) return text.map(flat).join("");
  return text ? flat(text.text ?? text.expression ?? text.alternative_text ?? "") : "";
}

export function service(message, words, who) {
  const put = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const by = who(message.from);
  if (message.new_chat_members) {
    const joined = message.new_chat_members.every((user) => user.id === message.from?.id);
    return put(joined ? words.joined : words.added, { who: by, whom: message.new_chat_members.map(who).join(", ") });
  }
  if (message.left_chat_member) {
    const alone = message.left_chat_member.id === message.from?.id;
    return put(alone ? words.left : words.removed, { who: by, whom: who(message.left_chat_member) });
  }
  if (message.group_chat_created || message.supergroup_chat_created) return put(words.groupCreated, { who: by });
  if (message.channel_chat_created) return words.channelCreated;
  if (message.pinned_message) return put(words.pinned, { who: by });
  if (message.forum_topic_created) return put(words.topic, { who: by, name: message.forum_topic_created.name });
  if (message.migrate_to_chat_id || message.migrate_from_chat_id || message.new_chat_title) return put(words.service, { who: by });
  return "";
}

export function bubble(message, view) {
  const told = service(message, view.words, view.who);
  const key = keyOf(message);
  if (told) return h("li.service", { "data-key": key, tabindex: -1 }, h("span", {}, told));
  const own = view.store.isOwn(message);
  const group = ["group", "supergroup"].includes(message.chat.type);
  const actions = view.actionsFor(message);
  const body = content(message, view, actions);
  const sender = message.sender_chat ? message.sender_chat.title : view.who(message.from);
  const inside = h("div.bubble", { class: ["bubble", body.wide ? "wide" : "", body.bare ? "bare" : ""].join(" ").trim() },
    group && !own ? h("div.sender", { "data-colour": colourOf(message.from?.id) }, sender) : null,
    message.sender_chat ? h("div.sender", { "data-colour": colourOf(message.chat.id) }, sender) : null,
    message.receiver_user ? h("div.only", {}, icon("eye"), view.words.onlyYou) : null,
    message.forward_origin ? h("div.forwarded", {}, view.put(view.words.forwarded, { who: originOf(message.forward_origin, view) })) : null,
    message.reply_to_message ? quoted(message.reply_to_message, view) : null,
    body.nodes,
    message.reactions ? h("div.reactions", {}, message.reactions.map((each) => h("span", {}, each))) : null,
    message.draft ? writing(message, view) : meta(message, view, own));
  const keyboard = message.reply_markup?.inline_keyboard;
  const side = group && !own && !message.sender_chat ? avatar(message.from?.id, sender, { bot: message.from?.is_bot }) : null;
  const said = view.put(view.words.said, { who: sender, text: summary(message, view).slice(0, 80) });
  return h(`li.message.${own ? "own" : "other"}`, {
    "data-key": key, tabindex: -1, "data-ephemeral": message.receiver_user ? true : null, "aria-label": said,
  },
  side,
  h("div.column", {}, inside, keyboard ? keys(keyboard, actions) : null),
  message.draft || message.receiver_user || message.chat.type === "channel" ? null
    : h("button.answer", { type: "button", "aria-label": view.words.reply, title: view.words.reply, onclick: () => view.replyTo(message) }, icon("reply")));
}

function content(message, view, actions) {
  if (message.rich_message) {
    if (view.classic) {
      return { nodes: [h("p.text.unsupported", {}, view.words.unsupported)] };
    }
    return { nodes: [rich(message.rich_message, actions)], wide: true };
  }
  const nodes = [];
  if (message.photo) nodes.push(actions.photo(message.photo));
  nodes.push(...FILES.filter((kind) => message[kind]).map((kind) => actions.file(message[kind])));
  const text = message.text ?? message.caption;
  if (text) nodes.push(h("div.text", { dir: "auto" }, formatted(text, message.entities ?? message.caption_entities, actions)));
  return { nodes, bare: Boolean(message.photo) && !text };
}

const originOf = (origin, view) => origin.chat?.title ?? origin.sender_chat?.title ?? origin.sender_user_name ?? view.who(origin.sender_user);

function writing(message, view) {
  return h("span.writing", {}, h("span.dots", { "aria-hidden": "true" }), view.words.draft,
    message.can_stop ? h("button.inline", { type: "button", onclick: () => view.stop() }, view.words.stop) : null);
}

function meta(message, view, own) {
  return h("span.meta", {},
    message.changed ? h("span.edited", {}, `${view.words.edited} `) : null,
    h("time", { datetime: new Date(message.date * 1000).toISOString(), title: view.times.whole(message.date) }, view.times.time(message.date)),
    own ? icon("ticks") : null);
}

function quoted(message, view) {
  const sender = message.sender_chat?.title ?? view.who(message.from);
  return h("button.quoted", {
    type: "button", "data-colour": colourOf(message.from?.id ?? message.chat.id), onclick: () => view.goTo(keyOf(message)),
  }, h("b", {}, sender), h("span", {}, summary(message, view).slice(0, 120)));
}

function keys(rows, actions) {
  return h("div.keyboard", { role: "group", "aria-label": actions.words.commands },
    rows.map((row) => h("div.row", {}, row.map((each) => button({ ...each, text: each.text }, actions)))));
}

export function photo(sizes, view) {
  const best = (sizes ?? []).at(-1);
  if (!best) return h("span");
  return h("img.photo", {
    src: `/page/file/${encodeURIComponent(best.file_id)}`, width: best.width || null, height: best.height || null, alt: view.words.photo, loading: "eager",
  });
}

export function file(one, view) {
  if (!one) return h("span");
  const name = one.file_name ?? view.words.file;
  const size = view.put(view.words.fileSize, { size: Math.max(1, Math.round((one.file_size ?? 0) / 1024)) });
  return h("a.file", {
    href: `/page/file/${encodeURIComponent(one.file_id)}`, download: name, "aria-label": view.put(view.words.download, { name }),
  }, h("span.disc", {}, icon("file")), h("span", {}, h("b", {}, name), h("small", {}, size)));
}
