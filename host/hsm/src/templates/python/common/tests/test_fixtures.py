"""The fixtures, without WebAssembly; `hsm plugin test .` replays the same ones with the component."""

import unittest
from pathlib import Path

from hsm_sdk import testing
from plugin import Plugin


class Fixtures(unittest.TestCase):
    def test_fixtures(self):
        testing.replay(Plugin, Path(__file__).parents[1] / "fixtures")


if __name__ == "__main__":
    unittest.main()
