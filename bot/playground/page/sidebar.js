// The list of chats, and under it the switches of the demo: who one is, language, client, theme, clock.

import { h } from "./dom.js";
import { avatar } from "./people.js";

export class Sidebar {
  constructor(view) {
    this.view = view;
    this.title = h("h1");
    this.status = h("span.status", { role: "status" });
    this.chats = h("ul.chats", { role: "list" });
    this.switches = h("div.switches", { role: "group" });
    this.element = h("nav.sidebar", {}, h("header", {}, this.title, this.status), this.chats, this.switches);
    this.chats.addEventListener("keydown", (event) => this.key(event));
  }

  draw() {
    const { view } = this;
    this.title.textContent = view.words.chats;
    this.chats.setAttribute("aria-label", view.words.chats);
    const focused = this.chats.contains(document.activeElement) ? document.activeElement.dataset.chat : null;
    this.chats.replaceChildren(...view.store.list().map((chat) => h("li", {}, this.entry(chat))));
    if (focused) this.chats.querySelector(`[data-chat="${CSS.escape(focused)}"]`)?.focus();
    this.element.classList.toggle("lost", view.lost);
    this.status.textContent = view.lost ? view.words.connecting : "";
  }

  entry(chat) {
    const { view } = this;
    const { store, words, times } = view;
    const title = view.titleOf(chat);
    const last = store.shown(chat.id).at(-1);
    const unread = store.unreadIn(chat.id);
    const typing = view.isTyping(chat.id);
    const name = last && chat.type.endsWith("group") && last.from ? `${view.who(last.from)}: ` : "";
    return h("button.chat", {
      type: "button", "data-chat": chat.id, "aria-current": view.open?.id === chat.id ? "true" : null, onclick: () => view.go(chat.id),
    },
    avatar(chat.id, title, { bot: chat.type === "private" }),
    h("span.lines", {},
      h("span.line", {}, h("b", {}, title), last ? h("time", {}, times.time(last.date)) : null),
      h("span.line", {},
        typing ? h("span.preview.active", {}, `${words.typing}…`) : h("span.preview", {}, last ? h("span.by", {}, name) : null, last ? view.summary(last).slice(0, 90) : words.noMessages),
        unread ? h("span.badge", { "aria-label": view.put(words.unread, { n: unread }) }, String(unread)) : null)));
  }

  key(event) {
    const all = [...this.chats.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || !all[next]) return;
    all[next].focus();
    event.preventDefault();
  }

  // ---------------------------------------------------------------- switches

  drawSwitches() {
    const { view } = this;
    const { words, store } = view;
    const focused = this.switches.contains(document.activeElement) ? document.activeElement.id : null;
    this.switches.setAttribute("aria-label", words.settings);
    this.switches.replaceChildren(
      h("h2", {}, words.try),
      h("label.switch", {}, h("span", {}, words.who),
        h("select", { id: "who", onchange: (event) => view.become(Number(event.target.value)) },
          store.people.map((person) => h("option", { value: person.id, selected: person.id === store.actor }, view.who(person))))),
      this.choice("language", words.language, [["en", "English"], ["zh", "中文"]], view.language, (value) => view.speak(value)),
      this.choice("client", words.client, [["rich", words.rich], ["classic", words.classic]], view.classic ? "classic" : "rich", (value) => view.setClient(value)),
      this.choice("theme", words.theme, [["auto", words.auto], ["light", words.light], ["dark", words.dark]], view.theme, (value) => view.setTheme(value)),
      store.movable ? this.clock() : null);
    if (focused) document.getElementById(focused)?.focus();
  }

  choice(name, label, options, chosen, act) {
    return h("fieldset.switch", {}, h("legend", {}, label), h("span.options", {}, options.map(([value, text]) => h("label", {},
      h("input", { type: "radio", id: `${name}-${value}`, name, value, checked: value === chosen, onchange: () => act(value) }), h("span", {}, text)))));
  }

  clock() {
    const { words } = this.view;
    this.now = h("time.now");
    this.hour = h("input", { type: "time", id: "hour", value: this.hour?.value ?? "08:00", "aria-label": words.hour, required: true });
    this.tick();
    return h("fieldset.switch.clock", {}, h("legend", {}, words.clock), h("span.options", {}, this.now,
      this.hour, h("button", { type: "button", id: "to-hour", onclick: () => this.hour.value && this.view.toHour(this.hour.value) }, words.goTo),
      h("button", { type: "button", id: "next-day", onclick: () => this.view.later(86400) }, words.nextDay)));
  }

  tick() {
    if (this.now) this.now.textContent = this.view.times.whole(this.view.store.time);
  }
}
