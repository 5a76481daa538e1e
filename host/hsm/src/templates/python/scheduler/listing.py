"""The listing of `qstat`, a line for each running element and one for all that wait.

    job-ID  prior   name  user  state submit/start at     queue      slots ja-task-ID
    ---------------------------------------------------------------------------------
         7 0.55500 sweep  ada   r     11/22/2026 10:00:00 all.q@n1       1 1
         7 0.55500 sweep  ada   qw    11/22/2026 10:00:00                1 2-3:1
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Optional

from hsm_sdk import Job, JobState, Sighting


def sightings(listing: str, jobs: list[Job]) -> list[Sighting]:
    """What the listing says about these jobs."""
    by_id = {job.job: job for job in jobs}
    return [sighting for line in listing.splitlines() for sighting in of_line(line.split(), by_id)]


def of_line(words: list[str], jobs: dict[str, Job]) -> Iterator[Sighting]:
    """What one line says: nothing about jobs that nobody asked for."""
    job = jobs.get(words[0]) if len(words) > 7 else None
    state = state_of(words[4]) if job else None
    if job is None or state is None:
        return
    sighting = Sighting(job.job, state)
    if "E" in words[4]:
        sighting.reason = f"state {words[4]}: see `qstat -j {job.job}`"
    # The queue is empty while a job waits, so the elements are found from the end: only arrays have them, after the slots.
    elements = words[9 if "@" in words[7] else 8 :]
    if not elements:
        yield sighting
        return
    for index in elements_of(elements[0], job.elements):
        yield replace(sighting, index=index)


def state_of(letters: str) -> Optional[JobState]:
    """The letters are those of the manual: `E` error, `h` held, `d` being deleted, `r` running, `t` being started, `s`, `S`, `T`
    suspended."""
    for meant, state in (("Eh", JobState.HELD), ("drtsST", JobState.RUNNING), ("w", JobState.QUEUED)):
        if any(letter in letters for letter in meant):
            return state
    return None


def elements_of(listed: str, elements: int) -> Iterator[int]:
    """`1`, `2-9:1`, `1,4-6:2`: elements up to the job's own number of them, whatever the text says."""
    for part in listed.split(","):
        span, _, step = part.partition(":")
        first, _, last = span.partition("-")
        if first.isdecimal():
            end = min(elements, int(last) if last.isdecimal() else int(first))
            yield from range(int(first), end + 1, max(1, int(step) if step.isdecimal() else 1))
