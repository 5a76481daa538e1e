"""The wall of a scheduler's component: between ``Plugin`` and the bindings that are generated for it.

Imported in a component only. The records of both sides have the same names, and are turned into each other by them.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from .component import answers, failure_out
from .schedule import (
    Command, Ending, Exchange, Job, Outcome, Refused, Resources, Site, Submission, Ticket, Unknown, held, recovered,
)


def scheduler(plugin: Any, exports: Any) -> type:
    """The class that a component of a scheduler exports as ``Scheduler``; ``plugin`` is made anew for each question."""

    def step(kind: str, answer: Any, done: Any) -> Any:
        if isinstance(answer, Command):
            return getattr(exports, f"{kind}Step_Run")(exports.Command(**values(answer)))
        return getattr(exports, f"{kind}Step_Done")(done(answer))

    def outcome(answer: Outcome) -> Any:
        if isinstance(answer, Ticket):
            return exports.Outcome_Accepted(exports.Ticket(**values(answer)))
        if isinstance(answer, Refused):
            return exports.Outcome_Refused(failure_out(answer.failure))
        if isinstance(answer, Unknown):
            return exports.Outcome_Unknown(answer.reason)
        raise TypeError(f"{type(answer).__name__} is none of Command, Ticket, Refused and Unknown")

    def sighting(answer: Any) -> Any:
        return exports.Sighting(**{**values(answer), "state": exports.State[answer.state.name]})

    def verdicts(answer: Any) -> Any:
        return [exports.Verdict(**values(each)) for each in answer]

    class Scheduler:
        @answers
        def describe(self, site: Any, so_far: list[Any]) -> Any:
            answer = plugin(site_in(site)).describe(exchanges_in(so_far))
            return step("Describe", answer, lambda traits: exports.Traits(**values(traits)))

        @answers
        def directives(self, site: Any, request: Any) -> list[str]:
            return plugin(site_in(site)).directives(submission_in(request))

        @answers
        def submit(self, site: Any, request: Any, so_far: list[Any]) -> Any:
            return step("Submit", plugin(site_in(site)).submit(submission_in(request), exchanges_in(so_far)), outcome)

        @answers
        def recover(self, site: Any, token: str, so_far: list[Any]) -> Any:
            return step("Recover", recovered(plugin(site_in(site)), token, exchanges_in(so_far)), outcome)

        @answers
        def observe(self, site: Any, jobs: list[Any], so_far: list[Any]) -> Any:
            answer = plugin(site_in(site)).observe(jobs_in(jobs), exchanges_in(so_far))
            return step("Observe", answer, lambda seen: [sighting(each) for each in seen])

        @answers
        def cancel(self, site: Any, jobs: list[Any], so_far: list[Any]) -> Any:
            return step("Cancel", plugin(site_in(site)).cancel(jobs_in(jobs), exchanges_in(so_far)), verdicts)

        @answers
        def hold(self, site: Any, jobs: list[Any], release: bool, so_far: list[Any]) -> Any:
            return step("Hold", held(plugin(site_in(site)), jobs_in(jobs), release, exchanges_in(so_far)), verdicts)

    return Scheduler


def values(record: Any) -> dict[str, Any]:
    """The fields of a record by name."""
    return {each.name: getattr(record, each.name) for each in fields(record)}


def site_in(site: Any) -> Site:
    """The other way round, for everything that comes in."""
    return Site(**{**values(site), "config": json.loads(site.config)})


def submission_in(request: Any) -> Submission:
    return Submission(**{**values(request), "resources": Resources(**values(request.resources))})


def jobs_in(jobs: list[Any]) -> list[Job]:
    return [Job(**values(job)) for job in jobs]


def exchanges_in(so_far: list[Any]) -> list[Exchange]:
    return [exchange_in(exchange) for exchange in so_far]


def exchange_in(exchange: Any) -> Exchange:
    command, ending = Command(**values(exchange.command)), Ending[exchange.ending.name]
    return Exchange(**{**values(exchange), "command": command, "ending": ending})
