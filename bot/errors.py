"""Every error that a person may come to see, as one tree.

    PaperboyError
    ├── BadInput                what somebody typed or pressed cannot be used
    │   ├── BadPaperId              not an arXiv id or address
    │   ├── UnknownPaper            well-formed, but arXiv has no such paper
    │   ├── UnknownCategory         arXiv has no such category (names near ones)
    │   ├── BadCategories           none of them, or too many
    │   ├── UnknownLanguage         a language that Paperboy does not speak
    │   ├── BadTime                 not a time of day
    │   ├── UnknownTimezone         not a time zone (names near ones)
    │   ├── BadDate                 not a date, or one that cannot have a digest
    │   ├── BadInterests            empty or endless interests
    │   ├── BadSize                 not a number of rows from 1 to 20
    │   ├── BadFollow               nothing to follow or mute in it
    │   └── TooMuch                 more papers at once than one reader may ask for
    ├── NotAllowed              this person or chat may not do that
    ├── NoDigest                nothing was posted for that date
    ├── SourceError             arXiv, Hugging Face or another outside service
    │   ├── Throttled               it asks us to wait
    │   ├── Unreachable             no answer: time-out, reset, refused, 5xx
    │   ├── Malformed               an answer that is not what it should be
    │   │   └── EmptyListing            no paper at all on a day of announcements
    │   ├── CountMismatch           a listing that is shorter than it says
    │   ├── StalePage               yesterday's papers under today's date
    │   ├── NotAnnounced            no listing for that date (quiet day, future day, or too long ago)
    │   └── NotThere                the thing asked for does not exist (404)
    ├── StorageError            the database
    │   ├── DatabaseLocked          another program holds it
    │   ├── DatabaseNewer           made by a newer Paperboy
    │   ├── DatabaseForeign         not Paperboy's
    │   ├── DatabaseConflict        what a change belongs to is gone, or somebody else was faster
    │   └── DatabaseBroken          damaged, full, read-only or unreachable
    ├── ModelFailed             the language model gave no answer that can be used
    │   └── BudgetSpent             its tokens of the day are used up
    ├── BadSetting              a setting that cannot be used
    ├── BadToken                Telegram does not know the bot's token
    ├── AlreadyRunning          a second bot on the same database or token
    └── CannotWrite             the file that --out names

`code` names the class in templates; fields carry what the sentence needs; `str(error)` is one plain English sentence
for the command line that says what is wrong and what to do. No message ever contains a token or a key.
"""

from __future__ import annotations

from typing import ClassVar


class PaperboyError(Exception):
    """The root: something a person can be told in one sentence."""

    code: ClassVar[str] = "error"


class BadInput(PaperboyError):
    """What somebody typed or pressed cannot be used."""

    code = "bad-input"


class BadPaperId(BadInput):
    """Not an arXiv id or address."""

    code = "bad-paper-id"

    def __init__(self, text: str) -> None:
        self.text = text[:80]
        super().__init__(
            f"“{self.text}” is not an arXiv id or address; write it like 2602.14080, hep-th/9901001 "
            "or https://arxiv.org/abs/2602.14080."
        )


class UnknownPaper(BadInput):
    """A well-formed id that arXiv does not know."""

    code = "unknown-paper"

    def __init__(self, paper_id: str) -> None:
        self.paper_id = paper_id
        super().__init__(f"arXiv has no paper {paper_id}; check the number.")


class UnknownCategory(BadInput):
    """A category that arXiv does not have."""

    code = "unknown-category"

    def __init__(self, text: str, near: tuple[str, ...] = ()) -> None:
        self.text = text[:80]
        self.near = near
        hint = f"near it: {', '.join(near)}" if near else "see https://arxiv.org/category_taxonomy"
        super().__init__(f"arXiv has no category “{self.text}”; {hint}.")


class BadCategories(BadInput):
    """No category, or more than a chat may read. `count` is how many there would be, `most` how many there may be."""

    code = "bad-categories"

    def __init__(self, count: int, most: int) -> None:
        self.count = count
        self.most = most
        super().__init__(f"A chat has 1 to {most} categories, not {count}.")


class UnknownLanguage(BadInput):
    """A language that Paperboy does not speak."""

    code = "unknown-language"

    def __init__(self, text: str, spoken: tuple[str, ...]) -> None:
        self.text = text[:80]
        self.spoken = spoken
        super().__init__(f"Paperboy does not speak “{self.text}”; it speaks {', '.join(spoken)}.")


class BadTime(BadInput):
    """Not a time of day."""

    code = "bad-time"

    def __init__(self, text: str) -> None:
        self.text = text[:80]
        super().__init__(f"“{self.text}” is not a time of day; write it like 08:00.")


class UnknownTimezone(BadInput):
    """A time zone that does not exist."""

    code = "unknown-timezone"

    def __init__(self, text: str, near: tuple[str, ...] = ()) -> None:
        self.text = text[:80]
        self.near = near
        hint = f"near it: {', '.join(near)}" if near else "write it like Europe/Berlin or UTC+8"
        super().__init__(f"There is no time zone “{self.text}”; {hint}.")


class BadDate(BadInput):
    """Not a date, or one that cannot have a digest."""

    code = "bad-date"

    def __init__(self, text: str) -> None:
        self.text = text[:80]
        super().__init__(f"“{self.text}” is not a date; write it like 2026-02-18.")


class BadInterests(BadInput):
    """Interests that are empty or endless. `length` is their number of characters, `limit` the most there may be."""

    code = "bad-interests"

    def __init__(self, length: int, limit: int) -> None:
        self.length = length
        self.limit = limit
        what = f"The interests have {length} characters" if length else "The interests are empty"
        super().__init__(f"{what}; describe them in 1 to {limit} characters, for example “RLHF, GRPO, math reasoning”.")


class BadSize(BadInput):
    """Not a usable number of rows."""

    code = "bad-size"

    def __init__(self, text: str, most: int) -> None:
        self.text = text[:80]
        self.most = most
        super().__init__(f"“{self.text}” is not a number of rows; write a number from 1 to {most}.")


class BadFollow(BadInput):
    """Nothing to follow or mute was named, or it is too long."""

    code = "bad-follow"

    def __init__(self, text: str) -> None:
        self.text = text[:80]
        super().__init__(f"“{self.text}” names nobody to follow and nothing to mute.")


class TooMuch(BadInput):
    """One reader has so many papers read at this moment that others would wait for theirs."""

    code = "too-much"

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"{most} papers are being read for you already; ask for more when they are there.")


class NotAllowed(PaperboyError):
    """This person or chat may not do that. `why` is "admins" (group administrators only), "chat" (the chat is not in
    ALLOWED_CHATS) or "bot-admins" (ADMIN_IDS only)."""

    code = "not-allowed"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"Not allowed: {why}.")


class NoDigest(PaperboyError):
    """Nothing was posted to this chat for that date. `have` lists dates that do have one, newest first."""

    code = "no-digest"

    def __init__(self, text: str, have: tuple[str, ...] = ()) -> None:
        self.text = text
        self.have = have
        super().__init__(f"There is no digest for {text}.")


class SourceError(PaperboyError):
    """An outside service did not give what it should. `service` is its host; `detail` a short machine-readable cause."""

    code = "source"

    def __init__(self, service: str, detail: str, sentence: str) -> None:
        self.service = service
        self.detail = detail
        super().__init__(sentence)


class Throttled(SourceError):
    """The service asks us to wait. `retry_after` are seconds, None where it did not say how long."""

    code = "throttled"

    def __init__(self, service: str, detail: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        wait = f"try again in {round(retry_after)} s" if retry_after else "try again in some minutes"
        super().__init__(service, detail, f"{service} asks us to slow down ({detail}); {wait}.")


class Unreachable(SourceError):
    """No usable answer: time-out, reset, refused connection, or a server error."""

    code = "unreachable"

    def __init__(self, service: str, detail: str) -> None:
        super().__init__(service, detail, f"{service} does not answer ({detail}); check the connection and try again.")


class Malformed(SourceError):
    """An answer that is not what it should be."""

    code = "malformed"

    def __init__(self, service: str, detail: str) -> None:
        super().__init__(service, detail, f"{service} sent something that cannot be read ({detail}); try again later.")


class EmptyListing(Malformed):
    """A category without any paper on a day (`day`, ISO) that arXiv did announce. Possible for a small category; for
    others it is a page that is not filled yet."""

    def __init__(self, service: str, day: str) -> None:
        self.day = day
        super().__init__(service, "empty-listing")


class CountMismatch(SourceError):
    """A listing whose parsed count is not the one it declares."""

    code = "count-mismatch"

    def __init__(self, service: str, section: str, declared: int, parsed: int) -> None:
        self.section = section
        self.declared = declared
        self.parsed = parsed
        super().__init__(
            service,
            "count-mismatch",
            f"{service} declares {declared} {section} papers but shows {parsed}; nothing was taken, try again later.",
        )


class StalePage(SourceError):
    """A listing that shows an earlier day's papers under a newer date, or has not advanced."""

    code = "stale-page"

    def __init__(self, service: str) -> None:
        super().__init__(
            service, "stale-page", f"{service} still shows an earlier day's papers under the new date; try again later."
        )


class NotAnnounced(SourceError):
    """No listing for that date. `why` is "quiet" (no announcement that day), "future" or "too-old" (beyond 90 days)."""

    code = "not-announced"

    def __init__(self, service: str, day: str, why: str) -> None:
        self.day = day
        self.why = why
        said = {
            "quiet": f"arXiv announced nothing on {day}",
            "future": f"arXiv has not announced {day} yet",
            "too-old": f"arXiv keeps listings for 90 days, {day} is older",
        }.get(why, f"arXiv has no listing for {day}")
        super().__init__(service, why, f"{said}.")


class NotThere(SourceError):
    """The thing asked for does not exist."""

    code = "not-there"

    def __init__(self, service: str, what: str) -> None:
        self.what = what
        super().__init__(service, "http-404", f"{service} has no {what}.")


class StorageError(PaperboyError):
    """The database cannot do what it should."""

    code = "storage"


class DatabaseLocked(StorageError):
    """Another program holds the database."""

    code = "database-locked"

    def __init__(self, place: str) -> None:
        super().__init__(f"The database {place} is locked by another program; close that program and try again.")


class DatabaseNewer(StorageError):
    """The database was made by a newer Paperboy."""

    code = "database-newer"

    def __init__(self, place: str, revision: str) -> None:
        super().__init__(
            f"The database {place} was made by a newer Paperboy (revision {revision}); update Paperboy or use another "
            "DATABASE_URL."
        )


class DatabaseForeign(StorageError):
    """The database is not Paperboy's."""

    code = "database-foreign"

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} is not a Paperboy database; set DATABASE_URL to another place.")


class DatabaseConflict(StorageError):
    """What a change belongs to is gone (a chat that was forgotten meanwhile), or somebody else wrote the same first."""

    code = "database-conflict"

    def __init__(self, place: str) -> None:
        super().__init__(
            f"Nothing was changed in the database {place}: what it belongs to is gone, or somebody else was faster; "
            "try again."
        )


class DatabaseBroken(StorageError):
    """Damaged, full, read-only or unreachable."""

    code = "database-broken"

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"The database {place} cannot be used: {why}.")


class ModelFailed(PaperboyError):
    """The language model gave no answer that can be used. `cause` is "budget", "timeout", "refused", "throttled" or
    "failed"; `retry_after` are the seconds after which to ask again, None where nobody can tell; `everywhere` is true
    where it is about the model itself and not about one paper."""

    code = "model-failed"

    def __init__(
        self, cause: str, sentence: str = "", retry_after: float | None = None, *, everywhere: bool = False
    ) -> None:
        self.cause = cause
        self.retry_after = retry_after
        self.everywhere = everywhere
        super().__init__(sentence or f"The language model gave no usable answer ({cause}); try again later.")


class BudgetSpent(ModelFailed):
    """The language model's tokens of the day are used up; `retry_after` are the seconds to the next day."""

    code = "budget-spent"

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__(
            "budget",
            "Today's budget for the language model (LLM_DAILY_TOKENS) is used up; it is new tomorrow.",
            retry_after,
            everywhere=True,
        )


class BadSetting(PaperboyError):
    """A setting that cannot be used."""

    code = "bad-setting"

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(f"{name}: {why}. Set it in the environment or in .env; .env.example explains every setting.")


class BadToken(PaperboyError):
    """Telegram does not know the bot's token."""

    code = "bad-token"

    def __init__(self) -> None:
        super().__init__(
            "Telegram does not accept TELEGRAM_BOT_TOKEN; copy it anew from @BotFather, or try `paperboy demo` "
            "without a token."
        )


class AlreadyRunning(PaperboyError):
    """A second bot on the same database or the same token."""

    code = "already-running"

    def __init__(self, place: str) -> None:
        super().__init__(f"Another Paperboy is already running on {place}; stop it first.")


class CannotWrite(PaperboyError):
    """The file that the command line was to write."""

    code = "cannot-write"

    def __init__(self, file: str, why: str) -> None:
        self.file = file
        super().__init__(f"{file} cannot be written: {why}; name another file with --out.")
