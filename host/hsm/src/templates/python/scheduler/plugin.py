"""Array jobs of Grid Engine, as a conversation: which command to run next, and what the ones before it said.

Replace this with the batch system you have. What stays: nothing is run here, nothing is kept between two calls, and a job that was
not seen is left out and never called gone.
"""

from __future__ import annotations

import re
from typing import Union

from hsm_sdk import (
    Command,
    Ending,
    Exchange,
    Failure,
    Job,
    Refused,
    Resources,
    Settings,
    Sighting,
    Site,
    Submission,
    Ticket,
    Traits,
    Unknown,
    Verdict,
)
from deeds import step
from listing import sightings


class Plugin:
    """One question to Grid Engine."""

    def __init__(self, site: Site) -> None:
        settings = Settings(site.config)
        self._parallel_environment = settings.text("parallel_environment", default=None)
        settings.end()
        self._user = site.user

    def describe(self, so_far: list[Exchange]) -> Union[Command, Traits]:
        """Asks for the one limit that sites change."""
        if not so_far:
            return Command("qconf", ["-sconf"])
        traits = Traits("#$", "SGE_TASK_ID")
        limit = re.search(r"^max_aj_tasks +(\d+)$", so_far[0].output(), re.MULTILINE)
        if limit:
            traits.elements_per_job = int(limit[1])
        return traits

    def directives(self, request: Submission) -> list[str]:
        """The header lines of the script."""
        options = [
            f"-N {request.name}",
            f"-t 1-{request.elements}",
            f"-wd {request.workdir}",
            f"-o {request.stdout}",
            f"-e {request.stderr}",
            # hsm alone decides whether a task runs again.
            "-r n",
        ]
        if request.max_running is not None:
            options.append(f"-tc {request.max_running}")
        return [f"#$ {option}" for option in options + self._resources(request.resources)]

    def submit(self, request: Submission, so_far: list[Exchange]) -> Union[Command, Ticket, Refused, Unknown]:
        """Hands in the script."""
        if not so_far:
            return Command("qsub", ["-terse", request.script], timeout_ms=60_000)
        exchange = so_far[0]
        # `7.1-3:1`, and `7` for a job that is no array.
        job = re.match(r"\d+", exchange.text().strip())
        if exchange.succeeded() and job:
            return Ticket(job[0], request.elements)
        if exchange.ending in (Ending.EXITED, Ending.NOT_STARTED) and not exchange.succeeded():
            return Refused(exchange.failure())
        # It may have been handed in all the same.
        return Unknown(exchange.failure().message)

    def observe(self, jobs: list[Job], so_far: list[Exchange]) -> Union[Command, list[Sighting]]:
        """Looks at jobs."""
        if not so_far:
            return Command("qstat", ["-u", self._user])
        return sightings(so_far[0].output(), jobs)

    def cancel(self, jobs: list[Job], so_far: list[Exchange]) -> Union[Command, list[Verdict]]:
        """Stops jobs."""
        return step("qdel", jobs, so_far)

    def hold(self, jobs: list[Job], release: bool, so_far: list[Exchange]) -> Union[Command, list[Verdict]]:
        """Keeps jobs from starting, or lets them start again."""
        return step("qrls" if release else "qhold", jobs, so_far)

    def _resources(self, resources: Resources) -> list[str]:
        options = []
        if resources.walltime_s is not None:
            options.append(f"-l h_rt={resources.walltime_s}")
        if resources.memory_mib is not None:
            options.append(f"-l h_vmem={resources.memory_mib}M")
        if resources.partition is not None:
            options.append(f"-q {resources.partition}")
        if resources.account is not None:
            options.append(f"-P {resources.account}")
        if (resources.cpus or 1) > 1:
            if self._parallel_environment is None:
                message = "jobs with several cores need a parallel environment"
                raise Failure.config(message, "set `parallel_environment` to one that `qconf -spl` lists")
            options.append(f"-pe {self._parallel_environment} {resources.cpus}")
        return options + resources.directives
