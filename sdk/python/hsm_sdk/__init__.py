"""Write plugins for hsm in Python: one class called ``Plugin``, in a file called ``plugin.py``.

Nothing here needs WebAssembly, so a plugin is tested like any other Python. Only ``hsm_sdk.component`` and ``hsm_sdk.conversation``
know the generated bindings, and only a component imports them. The package uses the standard library alone, and reads and writes no files outside
``hsm_sdk.testing``; what a plugin reads below ``tasks_folder()`` is its own doing.
"""

from .roles import Aggregator, Artifact, Blame, Failure, Generator, Results, TaskState
from .schedule import (
    Command, Ending, Exchange, Job, JobState, Refused, Resources, Scheduler, Sighting, Site, Submission, Ticket, Traits, Unknown,
    Verdict,
)
from .settings import Settings
from .table import Column, Kind, Points, Table
from .tasks import tasks_folder

__all__ = [
    "Aggregator",
    "Artifact",
    "Blame",
    "Column",
    "Command",
    "Ending",
    "Exchange",
    "Failure",
    "Generator",
    "Job",
    "JobState",
    "Kind",
    "Points",
    "Refused",
    "Resources",
    "Results",
    "Scheduler",
    "Settings",
    "Sighting",
    "Site",
    "Submission",
    "Table",
    "TaskState",
    "Ticket",
    "Traits",
    "Unknown",
    "Verdict",
    "tasks_folder",
]
