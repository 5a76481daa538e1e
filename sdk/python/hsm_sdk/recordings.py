"""Replays recorded conversations with a scheduler natively, as ``hsm plugin test`` does with the component."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, Callable, Union

from .roles import Failure
from .schedule import (
    Command, Ending, Exchange, Job, Refused, Resources, Site, Submission, Ticket, Traits, Unknown, held, recovered,
)

ROUNDS_MAX = 8
"""The most commands of one conversation."""


@dataclass
class Said:
    """What a scheduler said, as fixtures write it."""

    answer: Any


def conversed(plugin: Callable[[Site], Any], given: dict[str, Any]) -> Said:
    """What a scheduler answers at the end of a recorded conversation.

    It is asked with none of the recorded exchanges, with one, and so on, and has to ask for exactly the recorded commands.
    """
    exchanges = [exchange(written) for written in given.get("exchanges", [])]
    assert len(exchanges) <= ROUNDS_MAX, f"a conversation has at most {ROUNDS_MAX} exchanges"
    for round_, recorded in enumerate(exchanges):
        command = asked(plugin, given, exchanges[:round_])
        assert isinstance(command, Command), f"exchange {round_}: it answers where {recorded.command} is recorded"
        assert command == recorded.command, f"exchange {round_}: expected the command {recorded.command}, found {command}"
    answer = asked(plugin, given, exchanges)
    assert not isinstance(answer, Command), f"it asks for {answer} after {len(exchanges)} recorded exchanges"
    return Said(written(answer))


def asked(plugin: Callable[[Site], Any], given: dict[str, Any], so_far: list[Exchange]) -> Any:
    """What the plugin answers to the question, so far."""
    asked_one, call = plugin(Site(**given.get("site", {}))), given["call"]
    if call == "describe":
        return asked_one.describe(so_far)
    if call in ("directives", "submit"):
        request = dict(given.get("request", {}))
        request["resources"] = Resources(**request.get("resources", {}))
        submission = Submission(**request)
        return asked_one.directives(submission) if call == "directives" else asked_one.submit(submission, so_far)
    if call == "recover":
        return recovered(asked_one, given.get("token", ""), so_far)
    jobs = [Job(**job) for job in given.get("jobs", [])]
    if call in ("observe", "cancel"):
        return getattr(asked_one, call)(jobs, so_far)
    if call == "hold":
        return held(asked_one, jobs, given.get("release", False), so_far)
    raise AssertionError(f"`{call}` is no question to a scheduler")


def exchange(written: dict[str, Any]) -> Exchange:
    """An exchange as fixtures write it: output that is text is a text, and else a list of bytes."""
    read = dict(written)
    read["command"] = Command(**read["command"])
    read["ending"] = Ending(read.get("ending", "exited"))
    for stream in ("stdout", "stderr"):
        said = read.get(stream, "")
        read[stream] = said.encode() if isinstance(said, str) else bytes(said)
    return Exchange(**read)


def written(answer: Any) -> Any:
    """An answer as fixtures write it; what is ``None`` is left out."""
    if isinstance(answer, Ticket):
        return {"accepted": record(answer)}
    if isinstance(answer, Refused):
        return {"refused": refusal(answer.failure)}
    if isinstance(answer, Unknown):
        return {"unknown": answer.reason}
    if isinstance(answer, list):
        return [record(each) if is_dataclass(each) else each for each in answer]
    assert isinstance(answer, Traits), f"{type(answer).__name__} is no answer of a scheduler"
    return record(answer)


def record(answer: Any) -> dict[str, Any]:
    """A record by the names of its fields."""
    given = {each.name.rstrip("_"): getattr(answer, each.name) for each in fields(answer)}
    plain = {name: value.value if isinstance(value, Enum) else value for name, value in given.items()}
    return {name: value for name, value in plain.items() if value is not None}


def refusal(failure: Failure) -> dict[str, Any]:
    """A failure as fixtures write it."""
    given = {"blame": failure.blame.value, "code": failure.code, "message": failure.message, "hint": failure.hint}
    return {name: value for name, value in given.items() if value is not None}


def compare_said(found: Said, expected: Any, where: str) -> None:
    """Raises ``AssertionError``, naming the place, unless the answer is the expected one."""
    difference = first_difference("answer", without_nothing(expected), found.answer)
    assert difference is None, f"{where}: {difference}"


def without_nothing(value: Any) -> Any:
    """JSON without the keys that stand for nothing."""
    if isinstance(value, dict):
        return {key: without_nothing(inner) for key, inner in value.items() if inner is not None}
    return [without_nothing(inner) for inner in value] if isinstance(value, list) else value


def first_difference(place: str, expected: Any, found: Any) -> Union[str, None]:
    """The first place where two answers differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        names = [*expected, *(name for name in found if name not in expected)]
        pairs = ((f"{place}.{name}", expected.get(name), found.get(name)) for name in names)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = ((f"{place}[{index}]", *pair) for index, pair in enumerate(zip(expected, found)))
    else:
        return None if expected == found else f"{place}: expected {expected!r}, found {found!r}"
    return next(filter(None, (first_difference(*pair) for pair in pairs)), None)
