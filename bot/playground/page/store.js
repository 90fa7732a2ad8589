// What the page knows: people, chats and their messages, and who sits in front of it.

export const keyOf = (message) => (message.ephemeral_message_id ? `e${message.ephemeral_message_id}` : `m${message.message_id}`);

export class Store {
  constructor() {
    this.loaded = false;
    this.bot = {};
    this.people = [];
    this.chats = new Map();
    this.messages = new Map(); // chat id → key → message
    this.drafts = new Map(); // chat id → draft
    this.unread = new Map(); // person:chat → number
    this.me = 0;
    this.actor = 0;
    this.now = 0;
    this.nowAt = 0;
    this.movable = false;
  }

  take(all) {
    this.bot = all.bot;
    this.people = all.people;
    this.me = all.me;
    if (!this.people.some((person) => person.id === this.actor)) this.actor = all.me;
    this.movable = all.movable;
    this.tick(all.now);
    this.chats = new Map(all.chats.map((chat) => [chat.id, chat]));
    this.messages = new Map();
    this.drafts = new Map();
    for (const [id, list] of Object.entries(all.messages)) {
      this.messages.set(Number(id), new Map(list.map((message) => [keyOf(message), message])));
    }
    for (const draft of all.drafts ?? []) this.drafts.set(draft.chat.id, { ...draft, draft: true });
    this.loaded = true;
  }

  put(message) {
    const chat = message.chat.id;
    if (!this.messages.has(chat)) this.messages.set(chat, new Map());
    if (!this.chats.has(chat)) this.chats.set(chat, { ...message.chat, members: {} });
    this.messages.get(chat).set(keyOf(message), message);
  }

  drop(chat, key) {
    this.messages.get(chat)?.delete(key);
  }

  tick(now) {
    this.now = now;
    this.nowAt = performance.now();
  }

  // The clock of the other side, in seconds.
  get time() {
    return this.now + (performance.now() - this.nowAt) / 1000;
  }

  // What the person in front of the page sees of a chat, oldest first: an ephemeral message stands in the place of the
  // one it replaces for its receiver, and nobody else sees it.
  shown(chat) {
    const all = [...(this.messages.get(chat)?.values() ?? [])];
    const mine = all.filter((message) => message.receiver_user?.id === this.actor);
    const instead = new Map(mine.filter((message) => message.replaces).map((message) => [message.replaces, message]));
    const there = new Set(all.map(keyOf));
    return all
      .filter((message) => (message.receiver_user ? mine.includes(message) && !there.has(message.replaces) : true))
      .map((message) => instead.get(keyOf(message)) ?? message);
  }

  // The person's chats: the own one with the bot first, then those they are in.
  list() {
    const own = this.chats.get(this.actor) ?? { id: this.actor, type: "private", members: {} };
    const others = [...this.chats.values()].filter((chat) => chat.type !== "private" && chat.members[this.actor]);
    return [own, ...others];
  }

  chat(id) {
    return this.list().find((chat) => chat.id === id);
  }

  person(id) {
    return this.people.find((person) => person.id === id);
  }

  isOwn(message) {
    return !message.sender_chat && message.from?.id === this.actor;
  }

  bump(chat, person) {
    const key = `${person}:${chat}`;
    this.unread.set(key, (this.unread.get(key) ?? 0) + 1);
  }

  unreadIn(chat) {
    return this.unread.get(`${this.actor}:${chat}`) ?? 0;
  }

  read(chat) {
    this.unread.delete(`${this.actor}:${chat}`);
  }
}
