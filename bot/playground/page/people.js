// Names, avatars, times.

import { h } from "./dom.js";

export const nameOf = (user) => [user?.first_name, user?.last_name].filter(Boolean).join(" ");

export const colourOf = (id) => Math.abs(Number(id)) % 7;

export function avatar(id, name, { bot = false } = {}) {
  if (bot) return h("span.avatar.paper", { "aria-hidden": "true" });
  const letters = [...name.trim()].length ? initials(name) : "?";
  return h("span.avatar", { "aria-hidden": "true", "data-colour": colourOf(id) }, letters);
}

function initials(name) {
  const parts = name.trim().split(/\s+/);
  const picked = parts.length > 1 && /^\p{Script=Latin}/u.test(name) ? [parts[0], parts.at(-1)] : [parts[0]];
  return picked.map((word) => [...word][0].toUpperCase()).join("");
}

export class Times {
  constructor(language, zone) {
    const locale = language === "zh" ? "zh-CN" : "en-GB";
    this.clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone });
    this.long = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", timeZone: zone });
    this.key = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
    this.full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", hour12: false, timeZone: zone });
  }

  time(seconds) {
    return this.clock.format(seconds * 1000);
  }

  day(seconds) {
    return this.long.format(seconds * 1000);
  }

  dayKey(seconds) {
    return this.key.format(seconds * 1000);
  }

  whole(seconds) {
    return this.full.format(seconds * 1000);
  }
}
