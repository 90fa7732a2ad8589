// The field to write in: commands complete themselves, Enter sends.

import { h, icon } from "./dom.js";
import { commands } from "./feed.js";
import { avatar } from "./people.js";

const LONGEST = 4096;

export class Composer {
  constructor(view) {
    this.view = view;
    this.offered = [];
    this.chosen = -1;
    this.asked = 0; // how often the list was asked for; only the newest answer counts
    this.reply = null;
    this.text = h("textarea", {
      rows: 1, maxlength: LONGEST, autocomplete: "off", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": "commands", enterkeyhint: "send", spellcheck: "false",
    });
    this.menu = h("button.menu", { type: "button", "aria-controls": "commands", "aria-expanded": "false", onclick: () => this.toggle() });
    this.send = h("button.send", { type: "button", onclick: () => this.submit() }, icon("send"));
    this.as = h("select", { onchange: () => view.become(Number(this.as.value)) });
    this.face = h("span.face");
    this.who = h("label.as", {}, this.face, this.as);
    this.popup = h("div.commands", { id: "commands", role: "listbox", hidden: true });
    this.bar = h("div.replying", { hidden: true });
    this.keys = h("div.offered", { role: "group", hidden: true });
    this.heeded = new Map(); // chat id → key of the message whose wish for a reply was followed
    this.start = h("button.start", { type: "button", hidden: true, onclick: () => view.say("/start") });
    this.note = h("p.locked", { hidden: true });
    this.field = h("div.field", {}, this.who, this.menu, this.text, this.send);
    this.element = h("div.composer", {}, this.popup, this.bar, this.field, this.keys, this.start, this.note);
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("blur", () => setTimeout(() => this.element.contains(document.activeElement) || this.close(), 150));
  }

  draw() {
    const { words, store, view } = { words: this.view.words, store: this.view.store, view: this.view };
    const chat = view.open;
    const channel = chat?.type === "channel";
    const governs = ["creator", "administrator"].includes(chat?.members[store.actor]);
    const empty = chat?.type === "private" && store.shown(chat.id).length === 0;
    const locked = channel && !governs;
    this.start.hidden = !empty;
    this.start.textContent = words.start;
    this.note.hidden = !locked;
    this.note.textContent = words.only;
    this.field.hidden = empty || locked;
    this.text.placeholder = channel ? words.post : words.placeholder;
    this.text.setAttribute("aria-label", words.composer);
    this.popup.setAttribute("aria-label", words.commands);
    this.send.setAttribute("aria-label", words.send);
    this.send.title = words.send;
    this.menu.replaceChildren(icon("menu"), h("span", {}, words.menu));
    this.menu.setAttribute("aria-label", words.commands);
    this.menu.hidden = chat?.type !== "private";
    this.who.hidden = chat?.type === "private" || channel;
    this.as.setAttribute("aria-label", words.as);
    this.as.replaceChildren(...store.people.map((person) => h("option", { value: person.id, selected: person.id === store.actor }, view.who(person))));
    this.as.value = String(store.actor);
    const actor = store.person(store.actor);
    this.face.replaceChildren(avatar(actor?.id ?? 0, view.who(actor)));
    this.drawOffer(locked);
    this.drawReply();
  }

  // The keyboard that the newest message with a say in it puts below the field, or the reply it asks for.
  drawOffer(locked) {
    const { view } = this;
    const { store } = view;
    const shown = view.open ? store.shown(view.open.id) : [];
    const asking = shown.findLast((message) => message.offer && meant(message, store.actor));
    const rows = asking?.offer.keyboard ?? [];
    const used = asking?.offer.one_time_keyboard && shown.indexOf(asking) < shown.findLastIndex((message) => store.isOwn(message));
    this.keys.hidden = locked || !rows.length || used === true;
    this.keys.setAttribute("aria-label", view.words.commands);
    this.keys.replaceChildren(...rows.map((row) => h("div.row", {}, row.map((each) => {
      const text = typeof each === "string" ? each : each.text;
      return h("button", { type: "button", onclick: () => view.say(text) }, text);
    }))));
    const hint = asking?.offer.input_field_placeholder;
    if (hint) this.text.placeholder = hint;
    const heeded = this.heeded.get(view.open?.id);
    if (asking?.offer.force_reply && asking === shown.at(-1) && heeded !== asking.message_id) {
      this.heeded.set(view.open.id, asking.message_id);
      this.reply = asking;
    }
  }

  drawReply() {
    const { words, who, summary } = this.view;
    this.bar.hidden = this.reply === null;
    if (this.reply === null) return;
    const name = this.reply.sender_chat?.title ?? who(this.reply.from);
    this.bar.replaceChildren(icon("reply"), h("span", {}, h("b", {}, name), h("span", {}, summary(this.reply).slice(0, 120))),
      h("button", { type: "button", "aria-label": words.cancelReply, onclick: () => this.replyTo(null) }, icon("close")));
  }

  replyTo(message) {
    this.reply = message;
    this.drawReply();
    if (message) this.focus();
  }

  focus() {
    if (!this.field.hidden) this.text.focus();
    else if (!this.start.hidden) this.start.focus();
  }

  submit() {
    const text = this.text.value.trim();
    if (!text) return;
    const reply = this.reply?.message_id ?? 0;
    this.text.value = "";
    this.replyTo(null);
    this.typed();
    this.view.say(text, reply);
  }

  // ---------------------------------------------------------------- commands

  async typed() {
    this.grow();
    this.element.classList.toggle("filled", this.text.value.trim() !== "");
    const typed = /^\/([a-z0-9_]*)$/i.exec(this.text.value);
    if (!typed) return this.close();
    await this.offer(typed[1].toLowerCase());
  }

  async offer(beginning) {
    const chat = this.view.open;
    if (!chat) return;
    const asked = ++this.asked;
    const all = await commands(chat.id, this.view.store.actor);
    if (asked !== this.asked || this.view.open?.id !== chat.id) return; // something else was typed meanwhile
    this.offered = all.filter((each) => each.command.startsWith(beginning));
    this.chosen = this.offered.length ? 0 : -1;
    this.showOffer();
  }

  showOffer() {
    const shown = this.offered.length > 0;
    this.popup.hidden = !shown;
    this.text.setAttribute("aria-expanded", String(shown));
    this.menu.setAttribute("aria-expanded", String(shown));
    this.popup.replaceChildren(...this.offered.map((each, index) => h("div.command", {
      id: `command-${index}`, role: "option", "aria-selected": String(index === this.chosen),
      onpointerdown: (event) => event.preventDefault(), onclick: () => this.use(each),
    }, avatar(0, "", { bot: true }), h("b", {}, `/${each.command}`), h("span", {}, each.description))));
    if (shown) this.text.setAttribute("aria-activedescendant", `command-${this.chosen}`);
    else this.text.removeAttribute("aria-activedescendant");
    this.popup.children[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  use(command) {
    const group = this.view.open?.type.endsWith("group");
    this.text.value = "";
    this.close();
    this.typed();
    this.view.say(`/${command.command}${group ? `@${this.view.store.bot.username}` : ""}`);
    this.focus();
  }

  async toggle() {
    if (!this.popup.hidden) return this.close();
    this.focus();
    await this.offer("");
  }

  close() {
    this.asked += 1;
    this.offered = [];
    this.chosen = -1;
    this.showOffer();
  }

  key(event) {
    if (event.isComposing) return;
    const offering = this.offered.length > 0;
    const turn = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (offering && turn) {
      this.chosen = (this.chosen + turn + this.offered.length) % this.offered.length;
      this.showOffer();
    } else if (offering && event.key === "Tab" && !event.shiftKey) {
      this.text.value = `/${this.offered[this.chosen].command} `;
      this.close();
      this.grow();
    } else if (offering && event.key === "Escape") {
      this.close();
    } else if (event.key === "Enter" && !event.shiftKey) {
      if (offering) this.use(this.offered[this.chosen]);
      else this.submit();
    } else if (event.key === "Escape" && this.reply) {
      this.replyTo(null);
    } else if (event.key === "ArrowUp" && this.text.value === "") {
      this.view.toMessages();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 160)}px`;
  }
}

// A selective wish is for whom it answers or mentions; any other for everybody.
function meant(message, actor) {
  if (!message.offer.selective) return true;
  return message.reply_to_message?.from?.id === actor || (message.entities ?? []).some((piece) => piece.user?.id === actor);
}
