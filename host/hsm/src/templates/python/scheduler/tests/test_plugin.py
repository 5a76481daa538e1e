"""What no recording shows: answers that never came, and listings that are odd."""

import unittest

from hsm_sdk import Command, Ending, Exchange, JobState, Refused, Site, Submission, Unknown
from deeds import job_of
from listing import elements_of, state_of
from plugin import Plugin


class GridEngine(unittest.TestCase):
    def test_an_answer_that_never_came_is_no_refusal(self):
        for ending, outcome in [(Ending.TIMED_OUT, Unknown), (Ending.NOT_STARTED, Refused)]:
            answer = Plugin(Site()).submit(Submission(), [Exchange(Command("qsub"), ending)])
            self.assertIsInstance(answer, outcome)

    def test_elements_are_listed_in_several_ways(self):
        for listed, expected in [
            ("1", [1]),
            ("2-4:1", [2, 3, 4]),
            ("1,4-8:2", [1, 4, 6, 8]),
            ("9-4000000000:1", [9, 10]),
            ("?", []),
        ]:
            self.assertEqual(list(elements_of(listed, 10)), expected, listed)

    def test_letters_are_states(self):
        for letters, expected in [
            ("qw", JobState.QUEUED),
            ("hqw", JobState.HELD),
            ("Eqw", JobState.HELD),
            ("Rr", JobState.RUNNING),
            ("dt", JobState.RUNNING),
            ("?", None),
        ]:
            self.assertIs(state_of(letters), expected, letters)

    def test_lines_are_about_one_job(self):
        for line, expected in [
            ("ada has deleted job-array tasks 3-5:1 of job 1", "1"),
            ("ada has deleted job-array task 1.11", "1"),
            ("ada has registered the job 12 for deletion", "12"),
            ('denied: job "13" does not exist', "13"),
            ('job "1" task "11" does not exist', "1"),
            ("modified hold of job 4", "4"),
            ("error: commlib error", None),
        ]:
            self.assertEqual(job_of(line), expected, line)


if __name__ == "__main__":
    unittest.main()
