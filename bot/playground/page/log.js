// The messages of the open chat: kept in step with the store, node by node, so that what a person has opened stays open.

import { h, icon } from "./dom.js";
import { fit } from "./mathml.js";
import { bubble } from "./message.js";
import { keyOf } from "./store.js";

const NEAR = 80; // pixels from the end that count as being there
const TOGETHER = 300; // seconds in which messages of one sender stand together

export class Log {
  constructor(view) {
    this.view = view;
    this.nodes = new Map();
    this.chat = null;
    this.list = h("ol.list", { role: "list" });
    this.scroller = h("div.scroller", {}, this.list);
    this.missed = 0; // messages that came below what is in sight
    this.count = h("span.badge", { hidden: true });
    this.jump = h("button.jump", { type: "button", hidden: true, onclick: () => this.toEnd() }, this.count, icon("down"));
    this.element = h("div.log", { role: "region" }, this.scroller, this.jump);
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.list.addEventListener("keydown", (event) => this.key(event));
    // What a person unfolds at the end stays where it is, instead of being pushed up by what it holds.
    this.list.addEventListener("click", () => { this.end = false; });
    this.end = true;
    this.list.addEventListener("toggle", (event) => fit(event.target), true);
    document.fonts.ready.then(() => fit(this.list));
    this.width = 0;
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(this.scroller);
    this.resized.observe(this.list); // a picture that has come makes it longer
  }

  open(chat) {
    this.chat = chat;
    this.missed = 0;
    this.nodes.clear();
    this.list.replaceChildren();
    this.draw();
    this.toEnd();
  }

  // Draws what has changed; `arrived` is the key of a message that has just come.
  draw(arrived = null) {
    const { store, words, times } = this.view;
    this.end = this.isAtEnd();
    this.element.setAttribute("aria-label", words.messages);
    this.jump.setAttribute("aria-label", words.jump);
    const shown = this.chat === null ? [] : store.shown(this.chat);
    const draft = store.drafts.get(this.chat);
    const items = draft ? [...shown, draft] : shown;
    const wanted = [];
    let day = "";
    items.forEach((message, place) => {
      const key = times.dayKey(message.date);
      if (key !== day) wanted.push(this.node(`d${key}`, "", () => h("li.service.day", {}, h("span", {}, times.day(message.date)))));
      day = key;
      wanted.push(this.message(message, items[place - 1], items[place + 1]));
    });
    if (!items.length) wanted.push(this.node("nothing", words.noMessages, () => h("li.service.nothing", {}, h("span", {}, words.noMessages))));
    this.settle(wanted);
    const node = arrived && this.nodes.get(arrived)?.node;
    if (node) this.arrive(node, items.findLast((message) => keyOf(message) === arrived));
    else if (this.end) this.toEnd();
    this.scrolled();
  }

  message(message, before, after) {
    const { view } = this;
    const key = message.draft ? "draft" : keyOf(message);
    const first = !together(before, message);
    const last = !together(message, after);
    const signature = JSON.stringify([message, first, last, view.store.actor, view.words.chats, view.classic]);
    return this.node(key, signature, () => {
      const made = this.bubble(message);
      if (first) made.classList.add("first");
      if (last) made.classList.add("last");
      return made;
    });
  }

  // One message that cannot be drawn must not keep the others away.
  bubble(message) {
    try {
      return bubble(message, this.view);
    } catch (error) {
      console.error(error);
      return h("li.service", { "data-key": keyOf(message), tabindex: -1 }, h("span", {}, this.view.put(this.view.words.unknownBlock, { type: "?" })));
    }
  }

  node(key, signature, make) {
    const known = this.nodes.get(key);
    if (known?.signature === signature) return { key, node: known.node };
    const node = make();
    if (known) carryOver(known.node, node);
    this.nodes.set(key, { signature, node });
    return { key, node };
  }

  settle(wanted) {
    const focused = this.list.contains(document.activeElement) ? place(document.activeElement) : null;
    const keep = new Set(wanted.map(({ key }) => key));
    for (const key of this.nodes.keys()) if (!keep.has(key)) this.nodes.delete(key);
    const nodes = new Set(wanted.map(({ node }) => node));
    for (const child of [...this.list.children]) if (!nodes.has(child)) child.remove();
    wanted.forEach(({ node }, index) => {
      if (this.list.children[index] === node) return;
      this.list.insertBefore(node, this.list.children[index] ?? null);
      fit(node);
    });
    if (focused && !this.list.contains(document.activeElement)) this.refocus(focused);
  }

  refocus({ key, data, index }) {
    const node = this.nodes.get(key)?.node ?? this.list.lastElementChild;
    if (!node) return;
    const buttons = pressables(node);
    const target = buttons.find((each) => data !== undefined && each.dataset.data === data) ?? buttons[index] ?? node;
    target.focus({ preventScroll: true });
  }

  // A message that has come: to the end if one was there or has just written it, but never past its own beginning.
  arrive(node, message) {
    node.classList.add("new");
    if (!this.end && !this.view.store.isOwn(message)) {
      this.missed += 1;
      return;
    }
    this.scroller.scrollTop = this.scroller.scrollHeight;
    const over = node.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
    if (over < 0) this.scroller.scrollTop += over - 8;
  }

  resize() {
    if (this.width !== this.scroller.clientWidth) fit(this.list);
    this.width = this.scroller.clientWidth;
    if (this.end) this.toEnd();
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  goTo(key) {
    const node = this.nodes.get(key)?.node;
    if (!node) return;
    node.scrollIntoView({ block: "center" });
    node.classList.remove("flash");
    void node.offsetWidth; // begins the animation anew
    node.classList.add("flash");
    node.focus({ preventScroll: true });
  }

  isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  scrolled() {
    this.end = this.isAtEnd();
    this.jump.hidden = this.end;
    if (this.end) this.missed = 0;
    this.count.hidden = this.missed === 0;
    this.count.textContent = String(this.missed);
  }

  focusLast() {
    this.list.querySelector("li.message:last-of-type, li:last-child")?.focus();
  }

  // Arrows walk from message to message, and inside one from button to button.
  key(event) {
    const item = event.target.closest("li");
    if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
    const move = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" }[event.key];
    if (event.target === item) {
      if (move === "up" || move === "down") this.step(item, move === "up" ? "previousElementSibling" : "nextElementSibling");
      else if (move === "right" || event.key === "Enter") pressables(item)[0]?.focus();
      else if (event.key === "Escape") this.view.toComposer();
      else if (event.key === "Home") this.list.querySelector("li.message")?.focus();
      else if (event.key === "End") this.focusLast();
      else return;
    } else if (event.key === "Escape") {
      item.focus();
    } else if (move && !["group"].includes(event.target.getAttribute("role"))) {
      const next = nearest(event.target, pressables(item), move);
      if (next) next.focus();
      else if (move === "up" || move === "down") item.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  step(item, direction) {
    let next = item[direction];
    while (next && !next.hasAttribute("tabindex")) next = next[direction];
    if (next) next.focus();
    else if (direction === "nextElementSibling") this.view.toComposer();
  }
}

function together(a, b) {
  if (!a || !b || a.draft || b.draft) return false;
  const who = (message) => message.sender_chat?.id ?? message.from?.id;
  const plain = (message) => !message.new_chat_members && !message.left_chat_member && !message.channel_chat_created;
  return plain(a) && plain(b) && who(a) === who(b) && Math.abs(b.date - a.date) < TOGETHER && utcDay(a) === utcDay(b);
}

const utcDay = (message) => Math.floor(message.date / 86400);

function pressables(node) {
  return [...node.querySelectorAll("button:not([disabled]), a[href], summary, [tabindex='0']")].filter((each) => each.offsetParent !== null);
}

function place(element) {
  const item = element.closest("li");
  return { key: item?.dataset.key ?? "", data: element.dataset.data, index: item ? pressables(item).indexOf(element) : -1 };
}

// What a person has opened in the old drawing of a message is open in the new one too.
function carryOver(old, made) {
  const openBefore = new Map([...old.querySelectorAll("details")].map((each) => [each.firstElementChild?.textContent, each.open]));
  for (const each of made.querySelectorAll("details")) {
    const was = openBefore.get(each.firstElementChild?.textContent);
    if (was !== undefined) each.open = was;
  }
  const quotes = [...old.querySelectorAll("blockquote.expandable")];
  [...made.querySelectorAll("blockquote.expandable")].forEach((each, index) => {
    if (quotes[index]?.classList.contains("open") && quotes[index].textContent.slice(0, 40) === each.textContent.slice(0, 40)) {
      each.querySelector(".unfold").click();
    }
  });
}

function nearest(from, all, direction) {
  const here = from.getBoundingClientRect();
  const vertical = direction === "up" || direction === "down";
  let best = null;
  let least = Infinity;
  for (const each of all) {
    if (each === from || from.contains(each) || each.contains(from)) continue;
    const there = each.getBoundingClientRect();
    const dx = there.left + there.width / 2 - here.left - here.width / 2;
    const dy = there.top + there.height / 2 - here.top - here.height / 2;
    const ahead = { up: here.top - there.bottom, down: there.top - here.bottom, left: -dx, right: dx }[direction];
    if (vertical ? ahead < -2 : ahead <= 0 || Math.abs(dy) > Math.max(here.height, there.height) / 2) continue;
    const distance = vertical ? Math.abs(dy) * 4 + Math.abs(dx) : Math.abs(dx);
    if (distance < least) [best, least] = [each, distance];
  }
  return best;
}
