"""What a scheduler speaks with: commands and what they said, jobs and what a batch system says about them.

Names are those of fixtures, so that a recording reads like the code. Nothing here runs anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Optional, Protocol, Union

from .roles import Blame, Failure

TIMEOUT_MS = 30_000
"""How long a command may take unless its plugin says otherwise: batch systems answer within seconds, or not at all."""

QUOTED_CHARS_MAX = 300
"""How much of what a command said is quoted in a failure."""


@dataclass
class Site:
    """Where the conversation takes place."""

    config: dict[str, Any] = field(default_factory=dict)
    """The plugin's own configuration; ``Settings(site.config)`` reads it."""
    user: str = ""
    staging_dir: str = ""
    """An absolute folder there that belongs to hsm: scripts and scheduler output are under it."""
    now_ms: int = 0
    """hsm's clock in milliseconds since 1970. Plugins have no other one."""
    utc_offset_minutes: int = 0


@dataclass
class Command:
    """A command for hsm to run, without a shell."""

    program: str
    """A bare name, such as ``qsub``, that the manifest lists."""
    args: list[str] = field(default_factory=list)
    stdin: Optional[str] = None
    """What to write to standard input, which is closed otherwise."""
    timeout_ms: int = TIMEOUT_MS


class Ending(Enum):
    """How a command ended."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    TIMED_OUT = "timed-out"
    """By hsm, after its time-out. Whether it took effect is not known."""
    NOT_STARTED = "not-started"


@dataclass
class Exchange:
    """A command that was run, and what it said."""

    command: Command
    ending: Ending = Ending.EXITED
    exit_code: Optional[int] = None
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False
    """Whether hsm's limit cut either of them."""

    def succeeded(self) -> bool:
        """Whether it ended by itself with exit code 0, and everything it said is here."""
        return self.ending is Ending.EXITED and self.exit_code == 0 and not self.truncated

    def text(self) -> str:
        """Its standard output; bytes that are no text become ``\N{REPLACEMENT CHARACTER}``."""
        return self.stdout.decode(errors="replace")

    def output(self) -> str:
        """Its standard output, if it succeeded; otherwise this raises why not."""
        if not self.succeeded():
            raise self.failure()
        return self.text()

    def failure(self) -> Failure:
        """Why it did not succeed: a failure that may pass."""
        how = {
            Ending.EXITED: "said more than hsm keeps" if self.exit_code == 0 else f"ended with exit code {self.exit_code}",
            Ending.SIGNALLED: "was ended by a signal",
            Ending.TIMED_OUT: f"did not answer within {self.command.timeout_ms} ms",
            Ending.NOT_STARTED: "could not be started",
        }[self.ending]
        lines = (line.strip() for line in self.stderr.decode(errors="replace").split("\n"))
        said = next(filter(None, lines), "")[:QUOTED_CHARS_MAX]
        message = f"`{self.command.program}` {how}{': ' if said else ''}{said}"
        return Failure(Blame.TRANSIENT, "command-failed", message)


@dataclass
class Resources:
    """What one element of a submission needs. ``None`` means the batch system's own default."""

    walltime_s: Optional[int] = None
    cpus: Optional[int] = None
    memory_mib: Optional[int] = None
    gpus: Optional[int] = None
    gpu_type: Optional[str] = None
    nodes: Optional[int] = None
    partition: Optional[str] = None
    account: Optional[str] = None
    qos: Optional[str] = None
    directives: list[str] = field(default_factory=list)
    """Header lines that the user wants in the script, without the prefix."""


@dataclass
class Submission:
    """A request to start a range of tasks. hsm writes the script; the plugin says how to hand it in."""

    token: str = ""
    """What finds this submission again for ever; it is part of the script's path."""
    name: str = ""
    """The job's name, already short enough."""
    resources: Resources = field(default_factory=Resources)
    elements: int = 0
    max_running: Optional[int] = None
    nice: Optional[int] = None
    """How far the job steps back behind others, in the batch system's own measure: more is later."""
    exclude_nodes: list[str] = field(default_factory=list)
    """Machines that it must not run on."""
    workdir: str = ""
    stdout: str = ""
    stderr: str = ""
    script: str = ""


@dataclass
class Ticket:
    """The batch system has it, under this id, with so many elements."""

    job: str
    elements: int


@dataclass
class Refused:
    """The batch system does not have it and never will."""

    failure: Failure


@dataclass
class Unknown:
    """It cannot be told whether the batch system has it."""

    reason: str


Outcome = Union[Ticket, Refused, Unknown]
"""What became of a submission."""


@dataclass
class Traits:
    """What hsm has to know about the batch system in order to plan. The defaults are safe where there are arrays at all."""

    directive_prefix: str
    """What each header line begins with, such as ``#SBATCH``."""
    element_variable: str
    """The environment variable that tells an element its number."""
    elements_per_job: int = 1_000
    jobs_per_query: int = 100
    poll_interval_ms: int = 30_000
    first_element: int = 1
    single_element_arrays: bool = True
    job_name_max: int = 13
    visible_after_end_s: Optional[int] = 0
    """How long an ended job can still be seen; ``None`` where that is for ever."""
    elements_in_queue: Optional[int] = None
    """The most elements that the batch system holds at a time, of all jobs and users together, where it tells."""


@dataclass
class Job:
    """A job to look at, to stop or to hold."""

    job: str
    token: str
    elements: int
    only: list[int] = field(default_factory=list)
    """The elements that are meant; none where all of it is."""


class JobState(Enum):
    """What a batch system says about a job or one of its elements."""

    QUEUED = "queued"
    HELD = "held"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"
    """It says that it knows no such job. Merely missing from a list is no sighting at all."""


@dataclass
class Sighting:
    """What was said about one job or element at one moment."""

    job: str
    state: JobState
    index: Optional[int] = None
    """The element; ``None`` when it is about the whole job."""
    exit_code: Optional[int] = None
    signal: Optional[int] = None
    class_: Optional[str] = None
    """Why it ended: ``time-limit``, ``out-of-memory``, ``node-failure`` or ``preempted``; or why it waits in vain:
    ``dependency`` or ``impossible``."""
    reason: Optional[str] = None
    """The batch system's own words."""
    name: Optional[str] = None
    submitted_ms: Optional[int] = None
    node: Optional[str] = None
    """The machine it runs or ran on."""


@dataclass
class Verdict:
    """Whether a cancellation or a hold was taken, and if not, why not."""

    job: str
    accepted: bool
    reason: Optional[str] = None


class Scheduler(Protocol):
    """Speaks the language of one batch system without ever touching it.

    Every question is a conversation: each method answers with the next ``Command`` to run, and is asked again, by a new
    instance, with one exchange more; or with its result. At most eight commands; only those that the manifest lists.
    """

    def __init__(self, site: Site) -> None:
        """Reads ``site.config``."""

    def describe(self, so_far: list[Exchange]) -> Union[Command, Traits]:
        """Learns what the batch system allows; by asking it, where it can be asked."""

    def directives(self, request: Submission) -> list[str]:
        """The header lines of the script, each beginning with the prefix. The rest of it is hsm's."""

    def submit(self, request: Submission, so_far: list[Exchange]) -> Union[Command, Outcome]:
        """Hands in the script, which is at ``request.script``."""

    def recover(self, token: str, so_far: list[Exchange]) -> Union[Command, Outcome]:
        """Finds out what became of a submission whose answer was lost, and hands in nothing. It may be left out."""

    def observe(self, jobs: list[Job], so_far: list[Exchange]) -> Union[Command, list[Sighting]]:
        """Looks at jobs. One that was not seen is left out: that never means that it is gone."""

    def cancel(self, jobs: list[Job], so_far: list[Exchange]) -> Union[Command, list[Verdict]]:
        """Stops jobs."""

    def hold(self, jobs: list[Job], release: bool, so_far: list[Exchange]) -> Union[Command, list[Verdict]]:
        """Keeps jobs from starting, or with ``release`` lets them start again. It may be left out."""


def recovered(plugin: Any, token: str, so_far: list[Exchange]) -> Union[Command, Outcome]:
    """What a scheduler says about a lost answer, or what hsm goes by where it says nothing: then nobody knows."""
    if hasattr(plugin, "recover"):
        return plugin.recover(token, so_far)
    return Unknown(f"this batch system cannot be asked about `{token}`")


def held(plugin: Any, jobs: list[Job], release: bool, so_far: list[Exchange]) -> Union[Command, list[Verdict]]:
    """What a scheduler does to hold jobs, or to let them go; without it, that cannot be done."""
    if hasattr(plugin, "hold"):
        return plugin.hold(jobs, release, so_far)
    message = f"this scheduler cannot {'let held jobs go' if release else 'hold jobs'}"
    raise Failure(Blame.INTERNAL, "not-supported", message, "use the batch system's own command for it, or cancel the jobs")
