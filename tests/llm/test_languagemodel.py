"""The language model: each question is paid for once, within the day's budget, and each failure has its cause."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.card.llm.parts import tokens_of
from bot.config import Settings
from bot.errors import BadSetting, BudgetSpent, ModelFailed
from bot.llm import LanguageModel, providers
from bot.llm.answering import repaired
from storage import model_calls
from storage.database import Database
from tests.support.model_server import (
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    Answer,
    Asked,
    Beside,
    ModelServer,
    Reply,
    Silence,
    Status,
    Words,
    model_server,
)

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
KEY = "sk-very-secret-1234"


@dataclass(frozen=True, slots=True)
class Said:
    """A claim."""

    text: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """What the model is to answer in these tests."""

    problem: tuple[Said, ...] = field(default=(), metadata={"description": "what is wrong"})
    severity: int = 1

    def lacks(self) -> str:
        """What is missing."""
        return "" if self.problem else "Name at least one problem."


GOOD = {"problem": [{"text": "It is slow.", "quote": "slow"}]}
NOTES = Notes((Said("It is slow.", "slow"),))
Ask = Callable[..., Awaitable[Notes]]


def settings_for(server: ModelServer, dialect: str = "openai", **fields: Any) -> Settings:
    """Settings whose model answers at the scripted server."""
    made = Settings(llm_model=f"{dialect}:small", llm_base_url=server.url, llm_api_key=KEY, llm_timeout=5.0)
    return replace(made, **fields)


def model_of(server: ModelServer, db: Database, dialect: str = "openai", **fields: Any) -> LanguageModel:
    """The model, answering in this process."""
    settings = settings_for(server, dialect, **fields)
    return LanguageModel(settings, db, lambda: NOW, server.beside(settings))


async def ask(model: LanguageModel, prompt: str = "Read this.") -> Notes:
    """One question."""
    return await model.ask("card", "You read papers.", prompt, Notes)


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_an_answer_comes_in_the_asked_shape_and_goes_on_account(db: Database, dialect: str) -> None:
    """Both dialects: one request, the answer as a dataclass, its tokens in the database."""
    async with model_server(lambda _: Answer(GOOD)) as server:
        model = model_of(server, db, dialect)
        assert await ask(model) == NOTES
    (asked,) = server.asked
    assert (asked.dialect, asked.prompt) == (dialect, "Read this.")
    assert asked.system.endswith("You read papers.")
    assert asked.fields["problem"]["description"] == "what is wrong"
    spent = await model.spent_today()
    assert (spent.calls, spent.failed, spent.input_tokens, spent.output_tokens) == (1, 0, INPUT_TOKENS, OUTPUT_TOKENS)


async def test_the_same_question_is_paid_for_once(db: Database) -> None:
    """Two at once share one call; later ones, also after a restart, get the kept answer; other questions are asked."""
    async with model_server(lambda _: Answer(GOOD)) as server:
        model = model_of(server, db)
        assert set(await asyncio.gather(ask(model), ask(model))) == {NOTES}
        assert await ask(model_of(server, db)) == NOTES
        assert len(server.asked) == 1
        await ask(model, "Read that.")
        await ask(model_of(server, db, llm_model="openai:large"))
        assert len(server.asked) == 3


async def test_who_goes_away_does_not_waste_the_answer(db: Database) -> None:
    """A cancelled asker leaves the call running; its answer is kept, and the end of the program waits for it."""
    gate = asyncio.Event()

    class Slow(Beside):
        async def ask(self, question: Any) -> dict[str, Any]:
            await gate.wait()
            return await super().ask(question)

    async with model_server(lambda _: Answer(GOOD)) as server:
        settings = settings_for(server)
        slow = Slow(settings)
        server.besides.append(slow)
        model = LanguageModel(settings, db, lambda: NOW, slow)
        asking = asyncio.create_task(ask(model))
        await asyncio.sleep(0.05)
        asking.cancel()
        closing = asyncio.create_task(model.close())
        await asyncio.sleep(0.05)
        gate.set()
        await closing
        assert await ask(model_of(server, db)) == NOTES
        assert len(server.asked) == 1


async def test_a_call_lost_with_the_program_counts_as_estimated(db: Database) -> None:
    """What was begun and never ended may have been charged, so it stays on the day's account."""
    async with db.begin() as conn:
        await model_calls.begin(
            conn, question="q", model="openai:small", purpose="card", day=NOW.date(), at=NOW, estimate=900
        )
    async with model_server(lambda _: Answer(GOOD)) as server:
        with pytest.raises(BudgetSpent):
            await ask(model_of(server, db, llm_daily_tokens=900))
        assert server.asked == []


async def test_the_days_budget_ends_the_asking(db: Database) -> None:
    """Once the day's tokens are spent no further call is made, over restarts; the next day has its own."""
    now = [NOW]
    async with model_server(lambda _: Answer(GOOD)) as server:
        settings = settings_for(server, llm_daily_tokens=INPUT_TOKENS + OUTPUT_TOKENS)
        for prompt in ("one", "two"):
            model = LanguageModel(settings, db, lambda: now[0], server.beside(settings))
            if prompt == "one":
                await ask(model, prompt)
                continue
            with pytest.raises(BudgetSpent) as spent:
                await ask(model, prompt)
            assert (spent.value.cause, spent.value.retry_after, spent.value.everywhere) == ("budget", 16 * 3600, True)
        now[0] += timedelta(days=1)
        await ask(model, "three")
    assert len(server.asked) == 2


async def test_a_prompt_beyond_the_budget_is_not_sent(db: Database) -> None:
    """The tokens of a long prompt are counted before it is paid for."""
    async with model_server(lambda _: Answer(GOOD)) as server:
        with pytest.raises(BudgetSpent):
            await ask(model_of(server, db, llm_daily_tokens=1000), "word " * 5000)
    assert server.asked == []


async def test_an_answer_of_the_wrong_shape_is_asked_for_again(db: Database) -> None:
    """The model is told what is wrong; the tokens of all tries are on account."""
    replies: list[Reply] = [Answer({"problem": "none", "severity": "high"}), Answer({}), Answer(GOOD)]
    async with model_server(lambda _: replies.pop(0)) as server:
        model = model_of(server, db)
        assert await ask(model) == NOTES
    assert [asked.turns for asked in server.asked] == [0, 1, 2]
    assert "severity" in json.dumps(server.asked[1].body["messages"])
    assert (await model.spent_today()).input_tokens == 3 * INPUT_TOKENS


BROKEN = r"""{"problem": [{"text": "The loss \alpha \mathcal{L} + \beta \frac{1}{2} \nabla \theta is \"odd\".", "quote": null}]}"""


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_latex_that_breaks_json_is_mended(db: Database, dialect: str) -> None:
    """Single backslashes neither cost a second call nor vanish into control characters."""
    answer = Answer(BROKEN) if dialect == "openai" else Answer({"problem": [{"text": "\beta \frac{1}{2}"}]})
    async with model_server(lambda _: answer) as server:
        (said,) = (await ask(model_of(server, db, dialect))).problem
    assert len(server.asked) == 1
    assert r"\beta" in said.text
    assert r"\frac{1}{2}" in said.text
    if dialect == "openai":
        assert said.text == r'The loss \alpha \mathcal{L} + \beta \frac{1}{2} \nabla \theta is "odd".'


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (r'{"a": "x \\alpha y"}', {"a": r"x \alpha y"}),
        ('{"a": "one\\nTwo\\n\\nthree"}', {"a": "one\nTwo\n\nthree"}),
        (r'{"a": "p \leq 0.05, \tau \times 2"}', {"a": r"p \leq 0.05, \tau \times 2"}),
        ('```json\n{"a": "b"}\n```', {"a": "b"}),
        ('{"a": "b", "c": [1, 2', {"a": "b", "c": [1, 2]}),
        ('{"a": "b", "c": null}', {"a": "b"}),
        (r'{"a": "\u03b1 \upsilon"}', {"a": "α \\upsilon"}),
    ],
)
def test_json_is_read_as_it_was_meant(given: str, meant: dict[str, Any]) -> None:
    """What models do to JSON is undone; what was right stays."""
    assert repaired(given) == meant


@pytest.mark.parametrize("nonsense", ["", "no", "[1]", "null"])
def test_what_is_no_object_is_not_made_one(nonsense: str) -> None:
    """Then the model is told so and asked again."""
    with pytest.raises(ValueError, match=r"\w"):
        repaired(nonsense)


FAILURES: list[tuple[str, Reply, str, bool, int]] = [
    ("429", Status(429, {"Retry-After": "77"}), "throttled", True, 1),
    ("429 twice", Status(429, {"Retry-After": "0.01"}), "throttled", True, 2),
    ("529", Status(529, {"Retry-After": "40"}, {"type": "error", "error": {"type": "overloaded_error", "message": KEY}}), "throttled", True, 1),
    ("401", Status(401, body={"error": {"message": f"Incorrect API key provided: {KEY}"}}), "failed", True, 1),
    ("404", Status(404), "failed", True, 1),
    ("500 twice", Status(500, {"Retry-After": "0.01"}), "failed", True, 2),
    ("silence", Silence(1.0), "timeout", True, 1),
    ("hangs up", Silence(0.0), "failed", True, 1),
    ("breaks off", Answer(GOOD, cut=True), "failed", True, 1),
    ("refuses", Words("I cannot help with that."), "refused", False, 3),
    ("refuses by sign", Words("No.", refusal=True), "refused", False, 1),
    ("half JSON", Answer('{"severity": "hi'), "failed", False, 3),
    ("nonsense", Answer("[]"), "failed", False, 3),
]  # fmt: skip


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("reply", "cause", "everywhere", "requests"), [each[1:] for each in FAILURES], ids=[each[0] for each in FAILURES]
)
async def test_each_failure_has_its_cause(
    db: Database,
    caplog: pytest.LogCaptureFixture,
    dialect: str,
    reply: Reply,
    cause: str,
    everywhere: bool,
    requests: int,
) -> None:
    """Whatever the service does, one error comes with its cause, no second charge by a blind retry, and no key in it."""
    if dialect == "anthropic" and isinstance(reply, Answer) and isinstance(reply.arguments, str):
        reply = Answer({"problem": reply.arguments})
    with caplog.at_level(logging.DEBUG):
        async with model_server(lambda _: reply) as server:
            model = model_of(server, db, dialect, llm_timeout=0.4)
            with pytest.raises(ModelFailed) as failure:
                await ask(model)
    assert (failure.value.cause, failure.value.everywhere) == (cause, everywhere)
    assert len(server.asked) <= requests
    assert KEY not in f"{failure.value}{failure.value.__cause__}{caplog.text}"
    if isinstance(reply, Status) and float(reply.headers.get("Retry-After", 0)) > 15:
        assert failure.value.retry_after == float(reply.headers["Retry-After"])
    spent = await model.spent_today()
    assert (spent.calls, spent.failed) == (1, 1)


async def test_a_passing_error_is_tried_once_more(db: Database) -> None:
    """One 500 or a short wait costs nobody the card."""
    replies: list[Reply] = [Status(500), Answer(GOOD), Status(429, {"Retry-After": "0.05"}), Answer(GOOD)]
    async with model_server(lambda _: replies.pop(0)) as server:
        model = model_of(server, db)
        assert await ask(model) == NOTES
        assert await ask(model, "another") == NOTES
    assert len(server.asked) == 4


async def test_a_model_without_tools_is_asked_for_plain_json(db: Database) -> None:
    """Servers that know no tools say so once; from then on the model answers in words that are JSON."""

    def script(asked: Asked) -> Reply:
        if asked.fields:
            return Status(400, body={"error": {"message": "small does not support tools"}})
        return Answer(f"```json\n{json.dumps(GOOD)}\n```")

    async with model_server(script) as server:
        model = model_of(server, db)
        assert await ask(model) == NOTES
        assert await ask(model, "another") == NOTES
    assert len(server.asked) == 3


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_an_answer_in_words_that_are_json_is_one(db: Database, dialect: str) -> None:
    """Models that pass their tool over and write JSON are understood, with a fence around it or without."""
    replies: list[Reply] = [Words(json.dumps(GOOD)), Words(f"Here it is:\n```json\n{json.dumps(GOOD)}\n```")]
    async with model_server(lambda _: replies.pop(0)) as server:
        model = model_of(server, db, dialect)
        assert await ask(model) == NOTES
        assert await ask(model, "another") == NOTES
    assert len(server.asked) == 2


async def test_another_programs_call_is_waited_for(db: Database) -> None:
    """Where several programs share a database, a question that one of them asks is not asked again meanwhile."""
    async with model_server(lambda _: Answer(GOOD)) as server:
        settings = settings_for(server)
        one, other = (LanguageModel(settings, db, lambda: NOW, server.beside(settings), shared=True) for _ in range(2))
        assert set(await asyncio.gather(ask(one), _soon(ask(other)))) == {NOTES}
        assert len(server.asked) == 1


async def test_programs_that_ask_at_once_keep_the_days_budget(db: Database) -> None:
    """What one program has just begun counts for the others, whatever they ask: the last tokens are spent once."""
    async with model_server(lambda _: Answer(GOOD)) as server:
        settings = settings_for(server, llm_daily_tokens=INPUT_TOKENS + OUTPUT_TOKENS)
        models = [LanguageModel(settings, db, lambda: NOW, server.beside(settings), shared=True) for _ in range(6)]
        most = "word " * (INPUT_TOKENS - 200)
        answers = await asyncio.gather(
            *(ask(model, f"{most} {n}") for n, model in enumerate(models)), return_exceptions=True
        )
        assert answers.count(NOTES) == len(server.asked) == 1
        assert sum(isinstance(answer, BudgetSpent) for answer in answers) == 5


async def _soon(asking: Awaitable[Notes]) -> Notes:
    await asyncio.sleep(0.01)
    return await asking


async def test_a_text_that_is_too_long_for_the_model_is_said_so(db: Database) -> None:
    """Whoever asked can ask in smaller parts."""
    body = {"error": {"message": "maximum context length is 8192 tokens", "code": "context_length_exceeded"}}
    async with model_server(lambda _: Status(400, body=body)) as server:
        with pytest.raises(ModelFailed) as failure:
            await ask(model_of(server, db))
    assert failure.value.cause == "context"


async def test_redirects_and_the_environment_lead_nowhere(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go to the configured address alone, with the configured key alone."""
    async with (
        model_server(lambda _: Answer(GOOD)) as elsewhere,
        model_server(lambda _: Status(307, {"Location": f"{elsewhere.url}/chat/completions"})) as server,
    ):
        monkeypatch.setenv("OPENAI_BASE_URL", elsewhere.url)
        monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
        with pytest.raises(ModelFailed):
            await ask(model_of(server, db))
    assert elsewhere.asked == []
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"


async def test_the_models_own_process_answers_and_keeps_the_loop_free(db: Database) -> None:
    """The real thing: a process that is started by the first question, imports the library and answers, while this
    program's loop does little; when it is killed, the question under way fails."""
    turns: list[float] = []

    async def watch() -> None:
        while True:
            before = time.thread_time()  # what others do on a busy machine does not count
            await asyncio.sleep(0)
            turns.append(time.thread_time() - before)
            await asyncio.sleep(0.005)

    replies: list[Reply] = [Answer(GOOD), Silence(30)]
    async with model_server(lambda _: replies.pop(0)) as server:
        model = LanguageModel(settings_for(server, "anthropic", llm_timeout=60.0), db, lambda: NOW)
        watching = asyncio.create_task(watch())
        try:
            assert await ask(model) == NOTES
            assert max(turns) < 0.05
            asking = asyncio.create_task(ask(model, "another"))
            while len(server.asked) < 2:  # noqa: ASYNC110 - the far end tells nobody
                await asyncio.sleep(0.02)
            model._answers._process.kill()  # type: ignore[attr-defined]  # nobody else can
            with pytest.raises(ModelFailed):
                await asking
        finally:
            watching.cancel()
            await model.close()


@pytest.mark.parametrize("name", ["gpt-5", "cohere:command", "openai:"])
def test_a_model_of_no_known_provider_is_a_bad_setting(name: str) -> None:
    """The sentence names the setting."""
    with pytest.raises(BadSetting, match="LLM_MODEL"):
        providers.checked(Settings(llm_model=name))


@pytest.mark.parametrize(
    ("name", "setting", "tokens"),
    [
        ("openai:gpt-5-mini", 0, 400_000),
        ("openai:gpt-4o-mini", 0, 128_000),
        ("anthropic:claude-sonnet-4-5", 0, 200_000),
        ("ollama:qwen3:8b", 0, 8_000),
        ("openai:some/unknown-model", 0, 32_000),
        ("ollama:qwen3", 40_000, 40_000),
    ],
)
def test_the_context_is_guessed_with_care(name: str, setting: int, tokens: int) -> None:
    """LLM_CONTEXT wins; unknown models and Ollama's are taken for small."""
    assert providers.context(Settings(llm_model=name, llm_context=setting)) == tokens


def test_tokens_are_rather_over_than_underestimated() -> None:
    """English at 3.2 characters a token, Chinese at one."""
    assert tokens_of("a" * 320) == 100
    assert tokens_of("强化学习") == 4
