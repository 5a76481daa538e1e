"""Write plugins for hsm in Python: one class called ``Plugin``, in a file called ``plugin.py``.

Nothing here needs WebAssembly, so a plugin is tested like any other Python. Only ``hsm_sdk.component`` knows the generated
bindings, and only a component imports it. The package uses the standard library alone, and reads and writes no files outside
``hsm_sdk.testing``.
"""

from .roles import Aggregator, Artifact, Blame, Failure, Generator, Results, TaskState
from .settings import Settings
from .table import Column, Kind, Points, Table

__all__ = [
    "Aggregator",
    "Artifact",
    "Blame",
    "Column",
    "Failure",
    "Generator",
    "Kind",
    "Points",
    "Results",
    "Settings",
    "Table",
    "TaskState",
]
