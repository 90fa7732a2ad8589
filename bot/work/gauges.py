"""What is measured, as samples for Prometheus: the program's state, its jobs, and what became of messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.model import ListingState
from bot.status import Measures
from bot.work.jobs import JobReport
from bot.work.monitor import Sample

OUTCOME_OF_SUCCESS = "sent"

REFUSALS = ("Retry", "ChatGone", "Migrated", "ThreadClosed", "Refused", "InDoubt")
"""What can become of a message that was not sent: shown as 0 from the start, so that an alarm can be set on each."""


def of_state(measures: Measures) -> Iterator[Sample]:
    """What the database knows."""
    for state, count in measures.messages.items():
        yield Sample("messages", "Messages of the ledger that are not sent, by state.", count, {"state": state})
    yield Sample(
        "digest_lag_seconds",
        "How long the chat that waits longest has been waiting for its digest to be made or sent, beyond its hour.",
        measures.lag,
    )
    for state in ListingState:
        count = sum(poll.state is state for poll in measures.polls)
        yield Sample("listings", "arXiv's newest listings by what became of them.", count, {"state": state.value})
    for analyst, count in measures.cards.items():
        yield Sample("cards", "Cards that are kept, by who made them.", count, {"analyst": analyst})
    yield Sample("chats", "Chats that want digests.", measures.subscribed)
    if (use := measures.model) is not None:
        for kind, tokens in (("input", use.spent.input_tokens), ("output", use.spent.output_tokens)):
            about = "Tokens that the language model took today (UTC), by kind."
            yield Sample("llm_tokens_today", about, tokens, {"model": use.name, "kind": kind})
        yield Sample("llm_budget_tokens", "Tokens that the language model may take in a day.", use.budget)
        yield Sample("llm_calls_today", "Calls of the language model today (UTC).", use.spent.calls)
        yield Sample("llm_failed_calls_today", "Those without an answer.", use.spent.failed)


def of_queues(jobs: int, calls: Mapping[str, int]) -> Iterator[Sample]:
    """How many jobs wait for a free hand, and how many calls of Telegram's for their turn, by lane."""
    yield Sample("jobs_waiting", "Jobs that wait for a free hand.", jobs)
    for lane, count in calls.items():
        yield Sample("calls_waiting", "Messages and edits that wait for their turn, by lane.", count, {"lane": lane})


def of_jobs(reports: Mapping[str, JobReport]) -> Iterator[Sample]:
    """How the jobs fare."""
    for name, report in reports.items():
        job = {"job": name}
        yield Sample("job_runs", "Runs of a job.", report.runs, job, counts=True)
        yield Sample("job_failing", "Whether a job's last run failed.", bool(report.last_error), job)
        if report.last_success is not None:
            yield Sample(
                "job_last_success_timestamp_seconds",
                "When a job last ended well.",
                report.last_success.timestamp(),
                job,
            )


def of_messages(outcomes: Mapping[str, int]) -> Iterator[Sample]:
    """What became of broadcast messages since the start: sent, or refused in which way."""
    yield Sample("sends", "Messages of the ledger that were sent.", outcomes.get(OUTCOME_OF_SUCCESS, 0), counts=True)
    for kind, count in {**dict.fromkeys(REFUSALS, 0), **outcomes}.items():
        if kind != OUTCOME_OF_SUCCESS:
            yield Sample(
                "refusals", "Messages of the ledger that were not sent, by kind.", count, {"kind": kind}, counts=True
            )
