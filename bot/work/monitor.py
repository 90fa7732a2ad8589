"""For those who watch over the bot: `/health` and Prometheus' `/metrics` on a port of their own."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client import generate_latest as written
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.errors import BadSetting, PaperboyError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sample:
    """One number with its name in Prometheus' manner (without the program's own prefix and a counter's `_total`).
    `counts` says that it only ever grows while the program runs; samples of one name have the same labels."""

    name: str
    about: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    counts: bool = False


Measure = Callable[[], Awaitable[Iterable[Sample]]]
Problems = Callable[[], Awaitable[Sequence[str]]]


@asynccontextmanager
async def monitored(host: str, port: int, measure: Measure, problems: Problems) -> AsyncIterator[int]:
    """Answer on `host`:`port` while inside; → the port, which a `port` of 0 leaves to the system.

    `/health` answers 200, or 503 with the sentences of `problems`; `/metrics` answers with the samples of `measure` and
    the process' own. Neither changes anything, and nothing else is answered.

    Raises:
        BadSetting: the address cannot be listened on.
    """
    answers = _Answers(measure, problems)
    site = web.Application(client_max_size=1024)
    site.router.add_get("/health", answers.health)
    site.router.add_get("/metrics", answers.metrics)
    runner = web.AppRunner(site, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise BadSetting(
                "METRICS_PORT", f"{host}:{port} cannot be listened on ({error.strerror or error})"
            ) from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


class _Answers:
    def __init__(self, measure: Measure, problems: Problems) -> None:
        self._measure = measure
        self._problems = problems
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        PlatformCollector(registry=self._process)

    async def health(self, _: web.Request) -> web.Response:
        """Whether all is well, and what is not."""
        try:
            found = list(await self._problems())
        except PaperboyError as error:
            found = [str(error)]
        return web.json_response(
            {"status": "ill" if found else "ok", "problems": found}, status=503 if found else 200, headers=_UNKEPT
        )

    async def metrics(self, _: web.Request) -> web.Response:
        """Every number; those of the process alone where the database does not answer."""
        registry = CollectorRegistry()
        try:
            samples = list(await self._measure())
        except PaperboyError as error:
            log.warning("the metrics lack what the database knows: %s", error)
            samples = [Sample("database_up", _DATABASE_UP, 0)]
        else:
            samples.append(Sample("database_up", _DATABASE_UP, 1))
        registry.register(_Collected(samples))
        body = written(registry) + written(self._process)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST, **_UNKEPT})


_UNKEPT = {"Cache-Control": "no-store"}
_DATABASE_UP = "Whether the database answers."


class _Collected(Collector):
    """Samples as Prometheus' library takes them."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = list(samples)

    def collect(self) -> Iterator[Metric]:
        """One family for each name."""
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for sample in self._samples:
            if sample.name not in families:
                kind = CounterMetricFamily if sample.counts else GaugeMetricFamily
                families[sample.name] = kind(f"paperboy_{sample.name}", sample.about, labels=list(sample.labels))
            families[sample.name].add_metric(list(sample.labels.values()), sample.value)
        yield from families.values()
