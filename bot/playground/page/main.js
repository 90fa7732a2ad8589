// The page: puts the parts together and keeps them in step with what happens on the other side.

import { Composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { act, follow } from "./feed.js";
import { Log } from "./log.js";
import { file, photo, service, summary } from "./message.js";
import { avatar, nameOf, Times } from "./people.js";
import { Sidebar } from "./sidebar.js";
import { keyOf, Store } from "./store.js";

const TYPING = 5500; // milliseconds that a sign of typing is shown
const TOAST = 3500;
const DRAFT = 30; // seconds that a draft stays when nothing follows
const PRESS = 15000;

class View {
  constructor(root, allWords) {
    this.store = new Store();
    this.allWords = allWords;
    this.language = remembered("language") ?? "en";
    this.classic = remembered("client") === "classic";
    this.theme = remembered("theme") ?? "auto";
    this.lost = false;
    this.open = null;
    this.typing = new Map();
    this.answered = new Map();
    this.words = allWords[this.language];
    this.times = new Times(this.language, "UTC");
    this.who = (user) => (user ? (user.id === this.store.me && user.first_name === "You" ? this.words.you : nameOf(user)) : "");
    this.summary = (message) => summary(message, this);
    this.put = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

    this.sidebar = new Sidebar(this);
    this.log = new Log(this);
    this.composer = new Composer(this);
    this.back = h("button.back", { type: "button", onclick: () => this.toList() }, icon("back"));
    this.face = h("span.face");
    this.name = h("h2");
    this.about = h("span.about");
    this.toasts = h("div.toasts", { role: "status", "aria-live": "polite" });
    this.live = h("div.unseen", { role: "log", "aria-live": "polite", "aria-relevant": "additions" });
    this.dialog = h("dialog.alert", { "aria-labelledby": "alert-text" });
    this.skip = h("button.skip", { type: "button", onclick: () => this.toComposer() });
    this.root = root;
    root.append(
      this.skip,
      this.sidebar.element,
      h("main.chat", {}, h("header", {}, this.back, this.face, h("span.title", {}, this.name, this.about)), this.log.element, this.composer.element),
      this.toasts, this.live, this.dialog);
    this.setTheme(this.theme);
    setInterval(() => this.beat(), 1000);
    window.addEventListener("popstate", (event) => this.showPane(event.state?.pane ?? "list"));
    document.addEventListener("keydown", (event) => event.key === "Escape" && !this.dialog.open && this.toList());
  }

  // ---------------------------------------------------------------- news

  hear(told) {
    if (told.now) this.store.tick(told.now);
    switch (told.type) {
      case "all":
        return this.everything(told);
      case "message":
        return this.message(told);
      case "deleted":
        this.store.drop(told.chat, told.key);
        return this.redraw(told.chat);
      case "draft":
        if (told.draft) this.store.drafts.set(told.chat, { ...told.draft, draft: true });
        else this.store.drafts.delete(told.chat);
        return this.redraw(told.chat);
      case "answer":
        return this.answer(told);
      case "action":
        this.typing.set(told.chat, { until: performance.now() + TYPING, action: told.action });
        return this.drawHead();
      case "clock":
        return this.sidebar.tick();
      default:
        return undefined;
    }
  }

  everything(all) {
    const first = !this.store.loaded;
    this.store.take(all);
    if (first) {
      if (remembered("language") === null && this.allWords[all.language]) this.language = all.language;
      const actor = Number(remembered("actor"));
      if (this.store.person(actor)) this.store.actor = actor;
    }
    this.translate();
    if (first) this.begin();
    else if (this.open) this.open = this.store.chat(this.open.id) ?? null;
    this.drawAll();
  }

  begin() {
    const wanted = Number(remembered("chat"));
    const chat = this.store.chat(wanted) ?? this.store.list()[0];
    history.replaceState({ pane: "list" }, "", "/");
    this.go(chat.id);
  }

  message({ message, new: isNew }) {
    const { store } = this;
    const chat = message.chat.id;
    const known = store.messages.get(chat)?.has(keyOf(message));
    store.put(message);
    if (this.open?.id === chat) this.open = store.chat(chat);
    if (isNew && !known) {
      this.typing.delete(chat);
      if (message.from?.is_bot) store.drafts.delete(chat);
      this.count(message);
    }
    this.redraw(chat, isNew && !known ? keyOf(message) : null);
  }

  count(message) {
    const { store } = this;
    const chat = message.chat.id;
    const seen = this.open?.id === chat && (this.root.dataset.pane === "chat" || !matchMedia("(max-width: 760px)").matches);
    for (const person of store.people) {
      const inside = chat === person.id || store.chats.get(chat)?.members[person.id];
      const meant = !message.receiver_user || message.receiver_user.id === person.id;
      if (inside && meant && message.from?.id !== person.id && !(seen && person.id === store.actor)) store.bump(chat, person.id);
    }
    const mine = !message.receiver_user || message.receiver_user.id === store.actor;
    if (seen && mine && !store.isOwn(message)) {
      const text = this.summary(message).slice(0, 240);
      const told = service(message, this.words, this.who);
      this.announce(told || this.put(this.words.said, { who: message.sender_chat?.title ?? this.who(message.from), text }));
    }
  }

  answer(told) {
    this.settlePress(told.press);
    if (told.user !== this.store.actor || !told.text) return;
    if (told.alert) this.alert(told.text);
    else this.toast(told.text);
  }

  // ---------------------------------------------------------------- drawing

  translate() {
    this.words = this.allWords[this.language];
    this.times = new Times(this.language, this.store.movable ? "UTC" : undefined);
    document.documentElement.lang = this.language === "zh" ? "zh-Hans" : "en";
    this.back.setAttribute("aria-label", this.words.back);
    this.skip.textContent = this.words.skip;
  }

  drawAll() {
    this.sidebar.draw();
    this.sidebar.drawSwitches();
    this.drawHead();
    this.log.draw();
    this.composer.draw();
  }

  redraw(chat, arrived = null) {
    this.sidebar.draw();
    if (this.open?.id !== chat) return;
    this.drawHead();
    this.log.draw(arrived);
    const wasEmpty = this.composer.field.hidden;
    this.composer.draw();
    if (wasEmpty && !this.composer.field.hidden) this.composer.focus();
  }

  drawHead() {
    const chat = this.open;
    if (!chat) return;
    const { words } = this;
    const title = this.titleOf(chat);
    this.name.textContent = title;
    document.title = title;
    if (this.face.dataset.of !== `${chat.id}${title}`) {
      this.face.dataset.of = `${chat.id}${title}`;
      this.face.replaceChildren(avatar(chat.id, title, { bot: chat.type === "private" }));
    }
    const typing = this.isTyping(chat.id);
    const action = this.typing.get(chat.id)?.action ?? "";
    const busy = action.startsWith("upload") ? words.uploading : chat.type === "private" ? words.typing : this.put(words.isTyping, { name: this.store.bot.first_name });
    const text = this.lost ? words.connecting : typing ? busy : this.memberText(chat);
    if (this.about.textContent !== text) this.about.textContent = text;
    this.about.classList.toggle("active", typing && !this.lost);
  }

  memberText(chat) {
    if (chat.type === "private") return this.words.bot;
    const n = Object.keys(chat.members).length;
    const kind = chat.type === "channel" ? "subscriber" : "member";
    return this.put(this.words[n === 1 ? kind : `${kind}s`], { n });
  }

  titleOf(chat) {
    return chat.type === "private" ? this.store.bot.first_name : chat.title;
  }

  isTyping(chat) {
    return (this.typing.get(chat)?.until ?? 0) > performance.now();
  }

  beat() {
    if (!this.store.loaded) return;
    let stale = false;
    for (const [chat, { until }] of this.typing) if (until < performance.now()) stale = this.typing.delete(chat) || stale;
    for (const [chat, draft] of this.store.drafts) {
      if (this.store.time - draft.date > DRAFT) {
        this.store.drafts.delete(chat);
        this.redraw(chat);
      }
    }
    if (stale) {
      this.drawHead();
      this.sidebar.draw();
    }
    this.sidebar.tick();
  }

  // ---------------------------------------------------------------- where one is

  go(id) {
    const chat = this.store.chat(id);
    if (!chat) return;
    const before = this.open?.id;
    this.open = chat;
    this.store.read(id);
    remember("chat", id);
    if (before !== id) this.composer.replyTo(null);
    this.showPane("chat");
    if (history.state?.pane !== "chat") history.pushState({ pane: "chat" }, "", "/");
    this.drawHead();
    this.log.open(id);
    this.composer.draw();
    this.sidebar.draw();
    if (matchMedia("(hover: hover)").matches) this.composer.focus();
  }

  showPane(pane) {
    this.root.dataset.pane = pane;
    if (pane === "chat" && this.open) this.store.read(this.open.id);
  }

  toList() {
    if (this.root.dataset.pane === "chat" && matchMedia("(max-width: 760px)").matches) history.back();
    this.sidebar.chats.querySelector("[aria-current]")?.focus();
  }

  toComposer() {
    this.composer.focus();
  }

  toMessages() {
    this.log.focusLast();
  }

  goTo(key) {
    this.log.goTo(key);
  }

  replyTo(message) {
    this.composer.replyTo(message);
  }

  // ---------------------------------------------------------------- switches

  become(person) {
    this.store.actor = person;
    remember("actor", person);
    const stays = this.open && this.open.type !== "private" && this.store.chat(this.open.id);
    this.open = stays ? this.open : this.store.list()[0];
    remember("chat", this.open.id);
    this.store.read(this.open.id);
    this.log.open(this.open.id);
    this.composer.replyTo(null);
    this.drawAll();
  }

  async speak(language) {
    this.language = language;
    remember("language", language);
    this.translate();
    this.drawAll();
    await this.done(act({ do: "language", language }));
  }

  setClient(client) {
    this.classic = client === "classic";
    remember("client", client);
    this.sidebar.draw();
    this.log.draw();
  }

  setTheme(theme) {
    this.theme = theme;
    remember("theme", theme);
    document.documentElement.dataset.theme = theme;
  }

  later(seconds) {
    return this.done(act({ do: "clock", seconds }));
  }

  toHour(hour) {
    return this.done(act({ do: "clock", hour }));
  }

  // ---------------------------------------------------------------- what one does

  say(text, reply = 0) {
    return this.done(act({ do: "say", chat: this.open.id, as: this.store.actor, text, reply }));
  }

  actionsFor(message) {
    return {
      words: this.words,
      say: (text) => this.say(text),
      press: (data, element) => this.press(message, data, element),
      copy: (text) => this.copy(text),
      photo: (sizes) => photo(sizes, this),
      file: (one) => file(one, this),
    };
  }

  async press(message, data, element) {
    element.classList.add("waiting");
    const ephemeral = message.ephemeral_message_id ?? 0;
    const said = await this.done(act({ do: "press", chat: message.chat.id, as: this.store.actor, message: message.message_id, ephemeral, data }));
    if (said.press === undefined || this.answered.get(said.press) === true) {
      element.classList.remove("waiting");
      return;
    }
    this.answered.set(said.press, element);
    setTimeout(() => this.settlePress(said.press), PRESS);
  }

  settlePress(id) {
    const element = this.answered.get(id);
    if (element instanceof Element) element.classList.remove("waiting");
    this.answered.set(id, true);
  }

  stop() {
    return this.done(act({ do: "stop", chat: this.open.id, as: this.store.actor }));
  }

  async copy(text) {
    await navigator.clipboard?.writeText(text).catch(() => undefined);
    this.toast(this.words.copied);
  }

  async done(asked) {
    const said = await asked;
    if (said.error) this.toast(this.put(this.words.failed, { why: said.error }));
    return said;
  }

  // ---------------------------------------------------------------- telling

  toast(text) {
    const made = h("div.toast", {}, text);
    this.toasts.append(made);
    setTimeout(() => made.remove(), TOAST);
  }

  alert(text) {
    const before = document.activeElement;
    this.dialog.replaceChildren(h("p", { id: "alert-text" }, text), h("button", { type: "button", autofocus: true, onclick: () => this.dialog.close() }, this.words.ok));
    this.dialog.onclose = () => before?.focus?.();
    if (!this.dialog.open) this.dialog.showModal();
  }

  announce(text) {
    this.live.append(h("p", {}, text));
    while (this.live.children.length > 5) this.live.firstChild.remove();
  }

  status(how) {
    const was = this.lost;
    this.lost = how !== "open";
    this.root.dataset.connection = how;
    if (how === "ended") this.alert(this.words.ended);
    else if (was && !this.lost) this.announce(this.words.connected);
    this.sidebar.draw();
    this.drawHead();
  }
}

function remembered(name) {
  try {
    return sessionStorage.getItem(`paperboy-${name}`);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    sessionStorage.setItem(`paperboy-${name}`, String(value));
  } catch {
    // a browser that keeps nothing forgets the choice with the page
  }
}

const words = await (await fetch("/page/words.json")).json();
const view = new View(document.getElementById("app"), words);
follow({ hear: (told) => view.hear(told), status: (how) => view.status(how) });
