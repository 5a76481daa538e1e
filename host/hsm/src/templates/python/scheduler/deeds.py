"""What is done to jobs, all at once: `qdel`, `qhold` and `qrls` take the same words and answer in the same way."""

from __future__ import annotations

import re
from typing import Optional, Union

from hsm_sdk import Command, Exchange, Job, Verdict


def step(program: str, jobs: list[Job], so_far: list[Exchange]) -> Union[Command, list[Verdict]]:
    """Runs that program over the jobs, or reads what it said."""
    if not so_far:
        return Command(program, [word for job in jobs for word in words(job)])
    lines = so_far[0].text().splitlines()
    # Refusals are lines about jobs. A program that failed and says nothing about any of them did nothing.
    if not so_far[0].succeeded() and all(job_of(line) is None for line in lines):
        raise so_far[0].failure()
    return [verdict(job.job, lines) for job in jobs]


def words(job: Job) -> list[str]:
    """`7` for a job, `7.3` for one of its elements."""
    return [f"{job.job}.{element}" for element in job.only] or [job.job]


def verdict(job: str, lines: list[str]) -> Verdict:
    """What speaks against it begins with `denied` or says that there is no such job; where nothing is said, there was nothing to do."""
    refusals = (line for line in lines if job_of(line) == job and refuses(line))
    refusal = next(refusals, None)
    return Verdict(job, refusal is None, refusal)


def refuses(line: str) -> bool:
    """Whether a line says no."""
    return line.startswith("denied") or line.endswith("does not exist")


def job_of(line: str) -> Optional[str]:
    """The job that a line is about: `ada has deleted job-array tasks 3-5:1 of job 1`, `denied: job "13" does not exist`."""
    for mark in ("of job ", "job-array task ", "the job ", "job "):
        found = re.search(f'{mark}"*([0-9]*)', line)
        if found:
            return found[1]
    return None
