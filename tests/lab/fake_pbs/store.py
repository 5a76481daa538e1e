"""What the server knows: one JSON file, changed by whoever holds its lock. Units are what runs: a job, or each subjob of an array."""

import contextlib
import fcntl
import json
import os
import re
import time

FOLDER = os.environ["FAKE_PBS"]
SERVER = "pbs1"
QUEUE = "workq"


class Refusal(Exception):
    """What a command says where it does not do what it was asked, and its exit code."""

    def __init__(self, words, code):
        super().__init__(words)
        self.code = code


def path(*names):
    return os.path.join(FOLDER, *names)


def is_serving():
    """Whether a server lives: it holds a lock for as long as it does."""
    with open(path("serving"), "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextlib.contextmanager
def state(for_command=True):
    """The state, for reading and changing; what is changed is kept when the block ends well."""
    if for_command and not is_serving():
        # From the documentation; no server was stopped while it was recorded.
        raise Refusal(f"cannot connect to server {SERVER} (errno=111)", 111)
    with open(path("lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(path("state.json")) as file:
            known = json.load(file)
        before = json.dumps(known)
        yield known
        after = json.dumps(known)
        if after != before:
            with open(path("state.json.new"), "w") as file:
                file.write(after)
            os.replace(path("state.json.new"), path("state.json"))


def moment(seconds=None):
    """`Sun Nov 22 13:37:11 2026`, local time without a word about the zone."""
    return time.asctime(time.localtime(seconds))


def short_moment(seconds=None):
    return time.strftime("%a %b %d at %H:%M", time.localtime(seconds))


def full_id(job):
    return f"{job['number']}[].{SERVER}" if job["array"] else f"{job['number']}.{SERVER}"


def unit_id(job, index):
    return f"{job['number']}[{index}].{SERVER}" if job["array"] else full_id(job)


def find(known, written):
    """The job that an id names, and the indices that are meant: none where all of it is."""
    match = re.fullmatch(r"(\d+)(\[[^]]*\])?(?:\.\S+)?", written)
    job = known["jobs"].get(match.group(1)) if match else None
    brackets = match.group(2) if match else None
    if job is None or bool(job["array"]) != bool(brackets):
        shown = written if "." in written else f"{written}.{SERVER}"
        raise Refusal(f"Unknown Job Id {shown}", 153)
    if not brackets or brackets == "[]":
        return job, None
    indices = [index for index in ranges(brackets[1:-1]) if str(index) in job["units"]]
    if not indices:
        raise Refusal(f"Unknown Job Id {written}", 153)
    return job, indices


def ranges(text):
    """The numbers in `0-3`, `1-9:2` and `7`."""
    match = re.fullmatch(r"(\d+)(?:-(\d+)(?::(\d+))?)?", text)
    if not match:
        return []
    first, last, step = int(match.group(1)), int(match.group(2) or match.group(1)), int(match.group(3) or 1)
    return list(range(first, last + 1, max(step, 1)))


def is_over(unit):
    return unit["state"] in ("F", "X")
