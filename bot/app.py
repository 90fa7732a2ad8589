"""The composition root: opens, wires, runs, closes. The only file that knows all rooms."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import heartbeat, llm, report
from bot.alerts import Alerts
from bot.analyses import Analyses
from bot.arrivals import Arrivals
from bot.card.llm.analyst import ModelAnalyst
from bot.commandline import CardRequest, DemoRequest, DigestRequest, Format, Progress, Role, silent
from bot.config import Settings
from bot.digest import Digests
from bot.embedding import embedding_of
from bot.errors import BadPaperId, BadSetting, UnknownCategory
from bot.feedback import Feedback
from bot.heap import keep_small, set_aside
from bot.intake import Intake
from bot.learning import Learning
from bot.library import Library
from bot.model import Profile
from bot.outbox import Outbox
from bot.pull import categories
from bot.pull.announced import Announced
from bot.pull.client import Client
from bot.pull.fulltext import FullTexts
from bot.pull.heat import DailyPapers
from bot.pull.lookup import Lookup
from bot.pull.proxy import proxy_for
from bot.rankings import Rankings
from bot.reading import Reading
from bot.replay import Replays
from bot.report import Reports
from bot.rounds import Rounds
from bot.status import Status
from bot.subscription import Subscriptions
from bot.why import Explanations
from storage import database as storage
from storage.address import is_sqlite, parse
from storage.database import Database
from storage.leading import lead
from storage.running import lock_for_running
from storage.turns import Turns

if TYPE_CHECKING:
    from telegram.ext import ExtBot

    from bot.chat.delivery import Postman
    from bot.chat.desk import Desk
    from bot.chat.lanes import Lanes
    from bot.chat.pacing import Lane
    from bot.chat.tree import Document
    from bot.chat.views import Views
    from bot.work.jobs import Jobs

log = logging.getLogger(__name__)

LIVE_WITHIN = 3.0
DEMO_BEGINS = time(7, 50)

SHARED_RATE = 25
"""Broadcast messages a second where other programs answer people meanwhile: Telegram's 30 are for all together."""

ANSWERED_WITHIN = 0.1
"""Seconds within which Telegram usually answers, and the answer is written down."""

ANSWERS = 64
"""How many requests besides a broadcast's may be under way at once."""

ENDING = 20.0
"""Seconds that answering people is given to come to its end."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Paces:
    """How often each job looks whether there is something to do, in seconds."""

    listings: float = 60.0
    hours: float = 10.0
    mail: float = 5.0
    ahead: float = 600.0
    heat: float = 3 * 3600.0
    alerts: float = 300.0


DEMO_PACES = Paces(listings=5.0, hours=1.0, mail=1.0)
"""On the sample day people may put the clock forward, and nobody wants to wait for what that brings."""


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Program:
    """The use cases, wired to each other and to the outside."""

    settings: Settings
    clock: Clock
    db: Database
    intake: Intake
    reading: Reading
    digests: Digests
    feedback: Feedback
    explanations: Explanations
    learning: Learning
    replays: Replays
    library: Library
    subscriptions: Subscriptions
    status: Status
    reports: Reports


@asynccontextmanager
async def opened(
    settings: Settings, clock: Clock = now, rng: random.Random | None = None, wake: Callable[[], None] = lambda: None
) -> AsyncIterator[Program]:
    """Everything below Telegram, opened and closed again; `wake` is called when there may be new listings to read.

    Raises:
        StorageError: the database cannot be used.
        BadSetting: a setting asks for what is not installed.
    """
    keep_small()
    set_aside()
    settings = _with_known_categories(settings)
    if settings.llm_model:
        llm.checked(settings)
    db = await Database.open(settings.database_url)
    shared = _is_shared(settings)
    try:
        async with Client(
            settings.contact,
            arxiv_delay=settings.arxiv_delay,
            api_delay=settings.arxiv_api_delay,
            # Hugging Face states no pause; one is kept all the same, shorter where arXiv's are.
            hf_delay=min(1.0, settings.arxiv_delay),
            gate=Turns(settings.database_url) if shared else None,
        ) as client:
            model = None
            if settings.llm_model and settings.llm_daily_tokens:
                model = llm.LanguageModel(settings, db, clock, shared=shared)
            intake = Intake(
                db,
                Announced(client, settings.arxiv_url),
                DailyPapers(client, settings.hf_url),
                clock,
                rng or random.Random(),
            )
            analyst = ModelAnalyst(model.ask, model.name, model.context) if model is not None else None
            reading = Reading(
                db,
                Lookup(client, settings.arxiv_api_url),
                FullTexts(client, settings.arxiv_url),
                clock,
                Analyses(db, analyst, clock) if analyst is not None else None,
            )
            embedding = embedding_of(settings, db, clock)
            rankings = Rankings(db, clock, embedding=embedding)
            replays = Replays(db, clock, embedding)
            digests = Digests(
                db,
                clock,
                intake.refresh,
                reading.find_institutions,
                reading.prepare_cards,
                rankings,
                llm.judge_with(model),
            )
            try:
                yield Program(
                    settings,
                    clock,
                    db,
                    intake,
                    reading,
                    digests,
                    Feedback(db, clock, rankings.learn_soon),
                    Explanations(db, rankings, clock),
                    Learning(db, rankings, clock),
                    replays,
                    Library(db, rankings, clock),
                    Subscriptions(db, settings, clock, llm.widener(model), wake, rankings.occurs),
                    Status(db, clock, model),
                    Reports(db, intake, reading, clock, embedding),
                )
            finally:
                await digests.close()
                await rankings.close()
                await replays.close()
                await reading.close()
                if model is not None:
                    await model.close()
    finally:
        await db.close()


def _is_shared(settings: Settings) -> bool:
    """Whether other programs may work on the same database."""
    return not is_sqlite(parse(settings.database_url))


def _with_known_categories(settings: Settings) -> Settings:
    """The settings with their categories as arXiv writes them; a new chat must not begin with one that nobody has."""
    try:
        names = tuple(categories.check(name) for name in settings.default_categories)
    except UnknownCategory as error:
        raise BadSetting("DEFAULT_CATEGORIES", str(error).rstrip(".")) from None
    return replace(settings, default_categories=names)


# --------------------------------------------------------------------------- the bot


async def run(
    settings: Settings,
    stop: asyncio.Event | None = None,
    clock: Clock = now,
    *,
    role: Role = Role.ALL,
    paces: Paces | None = None,
    heard: asyncio.Event | None = None,
) -> None:
    """Run the bot until `stop` is set or the program is told to end; `heard` is set whenever listings and heat are in.

    On SQLite one program does everything. On PostgreSQL several may share the work, each in its `role`.

    Raises:
        BadToken, AlreadyRunning, StorageError, BadSetting: it cannot run; the sentence says why.
    """
    shared = _is_shared(settings)
    if not shared and role is not Role.ALL:
        raise BadSetting("DATABASE_URL", f"`--role {role}` shares the work with other programs, which needs PostgreSQL")
    with (
        _told_to_stop(stop or asyncio.Event()) as told,
        lock_for_running(settings.database_url, shared=shared),
    ):
        jobs = _jobs(settings, clock, role)
        async with opened(settings, clock, wake=lambda: jobs.nudge("listings")) as program:
            await _serve(program, jobs, told, role, paces or Paces(), heard or asyncio.Event())


def _jobs(settings: Settings, clock: Clock, role: Role) -> Jobs:
    if not _is_shared(settings):
        from bot.work.embedded import Embedded

        return Embedded(clock)
    from bot.work.distributed import Distributed

    return Distributed(settings.database_url, clock, ticks=role.has(Role.CLOCK), works=role.has(Role.WORKER))


async def _serve(
    program: Program, jobs: Jobs, stop: asyncio.Event, role: Role, paces: Paces, heard: asyncio.Event
) -> None:
    from bot.chat import posting
    from bot.chat.delivery import Postman
    from bot.chat.lanes import Lanes
    from bot.chat.line import make_bot
    from bot.chat.pacing import Limits

    settings, clock = program.settings, program.clock
    shared = _is_shared(settings)
    await program.subscriptions.keep_to_allowed()
    if not shared:
        await program.reading.begin_alone()
    desk = _desk(program)
    paid = settings.paid_broadcast
    usual = Limits()
    limits = replace(usual, overall=SHARED_RATE if shared else usual.overall, paid=paid or usual.paid)
    lanes = Lanes(limits)
    bot = make_bot(
        settings.telegram_bot_token,
        settings.telegram_api_url,
        lanes=lanes,
        before=jobs.surely_alone,
        in_flight=ANSWERS + at_once(paid),
    )
    postman = Postman(
        Outbox(program.db, clock),
        posting.through(bot, desk.offers, paid=bool(paid)),
        clock,
        concurrency=at_once(paid),
        rest=lambda chat: lanes.rest(chat.telegram_id),
        probe=bot.get_me,
        moved_note=desk.moved_note,
    )
    _plan_jobs(program, jobs, desk, postman, paces, heard)

    async def stopping() -> None:
        postman.halt()
        await jobs.stop()

    alive = asyncio.create_task(heartbeat.keep(heartbeat.place(settings.database_url), clock))
    try:
        async with _watched_over(program, jobs, postman, lanes.waiting):
            if shared:
                await _share(program, jobs, desk, bot, lanes, role, stop)
            else:
                await _receive(program, desk, bot, stop, jobs.start, stopping)
    finally:
        await stopping()
        await lanes.shutdown()
        await desk.close()
        alive.cancel()


def at_once(paid: int) -> int:
    """How many messages of a broadcast are on their way at once: as many as go out while Telegram answers one; `paid` a
    second where that is paid for, otherwise 0."""
    from bot.chat.delivery import AT_ONCE

    return max(AT_ONCE, ceil(paid * ANSWERED_WITHIN))


def _plan_jobs(program: Program, jobs: Jobs, desk: Desk, postman: Postman, paces: Paces, heard: asyncio.Event) -> None:
    """Register everything that is done without anybody asking."""
    rounds = Rounds(
        program.db,
        program.digests,
        program.reading,
        program.clock,
        lay_out=desk.digest_bodies,
        lay_out_note=desk.quiet_bodies,
        has_missed=program.intake.has_missed,
    )

    async def read_listings() -> None:
        if await program.intake.poll_due():
            jobs.nudge("heat")

    async def read_heat() -> None:
        await program.intake.refresh_heat()
        heard.set()

    async def hours() -> None:
        await jobs.spread("serve", await rounds.waiting())

    async def serve(part: int) -> None:
        await rounds.serve(part)
        jobs.nudge("mail")

    jobs.every("listings", paces.listings, read_listings)
    jobs.every("hours", paces.hours, hours)
    jobs.numbered("serve", serve)
    jobs.alone("mail", paces.mail, postman.deliver)
    jobs.every("ahead", paces.ahead, rounds.ahead, first_in=paces.ahead / 2)
    jobs.every("heat", paces.heat, read_heat, first_in=30.0)
    if program.settings.admin_ids:
        watch = Alerts(program.db, program.status, program.clock, program.settings.admin_ids, desk.alert_bodies)
        jobs.every("alerts", paces.alerts, watch.look, first_in=paces.alerts)


async def _receive(
    program: Program,
    desk: Desk,
    bot: ExtBot[Lane],
    stop: asyncio.Event,
    start: Callable[[], Awaitable[object]],
    stopping: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Answer people until `stop` is set: updates are brought to WEBHOOK_URL, or fetched where there is none. `start` is
    awaited once Telegram is there."""
    from bot.chat.application import application, register_commands
    from bot.chat.polling import run_polling
    from bot.chat.webhook import Hook, run_webhook, secret_of

    settings = program.settings

    async def started() -> None:
        await register_commands(bot, desk)
        await start()
        desk.later(desk.views.get_ready())
        log.info("running")

    receiving = application(bot, desk)
    if settings.webhook_url:
        secret = settings.webhook_secret or secret_of(settings.telegram_bot_token)
        hook = Hook(settings.webhook_url, secret, settings.webhook_host, settings.webhook_port)
        is_new = Arrivals(program.db, program.clock).is_new
        await run_webhook(receiving, stop, hook, is_new=is_new, on_started=started, on_stopping=stopping)
    else:
        await run_polling(receiving, stop, on_started=started, on_stopping=stopping)


async def _share(
    program: Program, jobs: Jobs, desk: Desk, bot: ExtBot[Lane], lanes: Lanes, role: Role, stop: asyncio.Event
) -> None:
    """Take part until `stop` is set. Jobs send through `bot`; people are answered through another one in the same
    lanes, for which only one program at a time fetches updates, while each may have them brought."""
    from bot.chat.line import introduced, make_bot

    settings = program.settings
    if not await introduced(bot, stop):
        return
    try:
        await jobs.start()
        if not role.has(Role.UPDATES):
            log.info("running as %s", role)
            await stop.wait()
            return

        at_rest = asyncio.Event()
        at_rest.set()

        async def receive() -> None:
            at_rest.clear()
            try:
                answering = make_bot(settings.telegram_bot_token, settings.telegram_api_url, lanes=lanes)
                await _receive(program, desk, answering, stop, _nothing)
            finally:
                at_rest.set()

        if settings.webhook_url:
            await receive()
        else:
            await _until(stop, lead(settings.database_url, "updates", receive), at_rest)
    finally:
        await jobs.stop()
        await bot.shutdown()


async def _nothing() -> None:
    """What else there is to start: nothing."""


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None], at_rest: asyncio.Event) -> None:
    """Do `work`, which does not end by itself, until `stop` is set and it is at rest; what it raises is raised."""
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(at_rest.wait(), ENDING)
    finally:
        for one in (working, stopped):
            one.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)


@asynccontextmanager
async def _watched_over(
    program: Program, jobs: Jobs, postman: Postman, calls: Callable[[], Mapping[str, int]]
) -> AsyncIterator[None]:
    """Answer on METRICS_PORT where one is set."""
    settings = program.settings
    if not settings.metrics_port:
        yield
        return
    from bot.journal import mask
    from bot.work import gauges
    from bot.work.monitor import Sample, monitored

    safe = mask(settings.secrets())

    async def measure() -> list[Sample]:
        measures = await program.status.measures()
        queues = gauges.of_queues(await jobs.waiting(), calls())
        return [
            *gauges.of_state(measures),
            *queues,
            *gauges.of_jobs(jobs.report()),
            *gauges.of_messages(postman.counts),
        ]

    async def problems() -> list[str]:
        await program.status.measures()
        failing = {name: one.last_error for name, one in jobs.report().items() if one.last_error}
        told = [f"The job {name} fails: {safe(error).rstrip('.')}." for name, error in failing.items()]
        return [*told, postman.trouble] if postman.trouble else told

    async with monitored(settings.metrics_host, settings.metrics_port, measure, problems) as port:
        log.info("health and metrics are answered on http://%s:%d", settings.metrics_host, port)
        yield


def _desk(program: Program) -> Desk:
    from bot.card.formulas import latex_line
    from bot.chat.desk import Desk

    return Desk(
        subscriptions=program.subscriptions,
        digests=program.digests,
        reading=program.reading,
        feedback=program.feedback,
        explanations=program.explanations,
        learning=program.learning,
        replays=program.replays,
        library=program.library,
        status=program.status,
        views=_views(),
        latex_line=latex_line,
        clock=program.clock,
        plan=Outbox(program.db, program.clock).plan,
        admin_ids=program.settings.admin_ids,
    )


def _views() -> Views:
    from bot.chat.templating import Templates
    from bot.chat.views import Views
    from bot.rank.direction import topic_name

    return Views(Templates(topic=topic_name, category=lambda code: categories.names().get(code, code)))


@contextmanager
def _told_to_stop(stop: asyncio.Event) -> Iterator[asyncio.Event]:
    """Sets `stop` on SIGINT and SIGTERM."""
    loop = asyncio.get_running_loop()
    told = (signal.SIGINT, signal.SIGTERM)
    for number in told:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in told:
            loop.remove_signal_handler(number)


# --------------------------------------------------------------------------- without Telegram


async def digest(settings: Settings, request: DigestRequest) -> str:
    """A day's ranked papers, written out.

    Raises:
        UnknownCategory: arXiv has no such category.
        NotAnnounced, SourceError: the day is still to come; no listing could be read.
        StorageError: the database cannot be used.
    """
    names = tuple(dict.fromkeys(categories.check(name) for name in request.categories))
    async with opened(settings) as program:
        widened = await program.subscriptions.widened(request.interests)
        profile = Profile(interests=request.interests.strip(), widened=widened, categories=names)
        made = await program.reports.of_day(
            profile,
            request.date,
            top=request.top,
            language=request.language,
            cards=request.cards,
            progress=request.progress,
        )
    views = _views()
    if request.format is Format.JSON:
        shown = report.report_json(
            made,
            lambda row: views.reasons(row, request.language),
            lambda key: views.templates.topic(key, request.language),
            lambda key: views.tag(key, request.language),
        )
        return _json(shown)
    return _written(views, views.report(made, request.language), request.format, request.language)


async def card(settings: Settings, request: CardRequest) -> str:
    """One paper's card, written out.

    Raises:
        BadPaperId, UnknownPaper: no such paper, or several at once.
        SourceError: arXiv could not be asked about it.
        StorageError: the database cannot be used.
    """
    async with opened(settings) as program:
        first, *others = program.reading.refs(request.paper)
        if others:
            raise BadPaperId(request.paper)
        request.progress("paper", 0, 2)
        paper = await program.reading.paper(first.id, first.version)
        request.progress("paper", 1, 2)
        made, note = await program.reading.awaited_card_of(paper, request.language)
        request.progress("paper", 2, 2)
    if note:
        log.warning(report.LOCAL_INSTEAD, paper.versioned_id, note)
    views = _views()
    if request.format is Format.JSON:
        return _json(report.card_json(made))
    document = views.printed_card(made, paper, None, request.language)
    return _written(views, document, request.format, request.language)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _written(views: Views, document: Document, form: Format, language: str) -> str:
    from bot.card.formulas import latex_line

    match form:
        case Format.MARKDOWN:
            from bot.chat.markdown import markdown

            return markdown(document)
        case Format.HTML:
            return views.page(document, language)
        case _:
            from bot.chat.plain import plain_text

            return plain_text(document, latex_line, _columns())


def _columns() -> int:
    return shutil.get_terminal_size((100, 24)).columns


async def database(settings: Settings, action: str, target: str = "", progress: Progress = silent) -> tuple[str, bool]:
    """`paperboy db upgrade|backup|copy|check`: what there is to say, and whether all is well. `target` is the file of a
    backup or the address that is copied to.

    Raises:
        StorageError: the database cannot be used.
        BadSetting, AlreadyRunning: `target` cannot be copied to; a bot is running.
    """
    match action:
        case "upgrade":
            await storage.upgrade(settings.database_url)
            return "The database is up to date.", True
        case "backup":
            await storage.backup(settings.database_url, Path(target))
            return f"The database was copied to {target}.", True
        case "copy":
            rows = await storage.copy(settings.database_url, target, progress)
            return f"All {rows} rows were copied; set DATABASE_URL to the new database.", True
    db = await Database.open(settings.database_url)
    try:
        faults = await db.check()
    finally:
        await db.close()
    return "\n".join(faults) or "The database is sound.", not faults


# --------------------------------------------------------------------------- the demo


async def demo(settings: Settings, request: DemoRequest | None = None) -> None:
    """Run the real bot against a Telegram of its own on loopback, with a person at a chat page or at the terminal.

    arXiv itself is read where it answers within a few seconds, otherwise the bundled sample day is, on the clock of
    that day.

    Raises:
        PaperboyError: the page cannot be served on the port that was asked for.
    """
    from bot.playground import demo as playground
    from bot.playground.cast import PushedClock
    from bot.playground.sample_day import NEWEST
    from bot.playground.sample_sources import SampleSources

    request = request or DemoRequest()
    on_page = _wants_page(request)
    live = await _answers(settings.arxiv_url)
    clock = PushedClock(now, timedelta() if live else datetime.combine(NEWEST, DEMO_BEGINS, UTC) - now())
    opened = playground.opened(clock, live=live, language=settings.default_language, port=request.port)
    with tempfile.TemporaryDirectory(prefix="paperboy-demo-") as folder:
        async with opened as visit, SampleSources() as sample:
            visit.terminal.opening(live=live)
            tried = replace(
                settings,
                telegram_bot_token=visit.playground.token,
                telegram_api_url=visit.playground.url,
                database_url=f"sqlite+aiosqlite:///{folder}/demo.db",
                allowed_chats=frozenset(),
                default_layout=request.layout or ("rich" if on_page else settings.default_layout),
            )
            if not live:
                tried = replace(
                    tried,
                    arxiv_url=sample.url,
                    arxiv_api_url=sample.api_url,
                    hf_url=sample.url,
                    arxiv_delay=0.0,
                    arxiv_api_delay=0.0,
                )
            stop, heard = asyncio.Event(), asyncio.Event()
            bot = asyncio.create_task(run(tried, stop, clock, paces=Paces() if live else DEMO_PACES, heard=heard))
            talk = asyncio.create_task(
                visit.on_page(heard.wait, browser=request.browser) if on_page else visit.in_terminal(heard.wait)
            )
            try:
                await asyncio.wait({bot, talk}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stop.set()
                talk.cancel()
                await asyncio.gather(talk, return_exceptions=True)
                await bot
            if not talk.cancelled():
                talk.result()


def _wants_page(request: DemoRequest) -> bool:
    """Whether the conversation is held on the page: as asked, otherwise where somebody sits at a terminal."""
    if request.page is not None:
        return request.page
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


async def _answers(url: str) -> bool:
    """Whether a site answers at all within three seconds."""
    import aiohttp

    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LIVE_WITHIN)) as session,
            session.head(url, allow_redirects=False, proxy=proxy_for(url)) as answer,
        ):
            return answer.status < 400
    except (aiohttp.ClientError, TimeoutError):
        return False
