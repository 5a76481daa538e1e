"""`qsub`: reads the directives of a script and the command line, and puts a job into the queue."""

import getpass
import os
import re
import shlex
import sys
import time

from store import QUEUE, SERVER, Refusal, full_id, ranges, state

WITH_VALUE = "AJNSaejlmopqrvWkMuP"
ALONE = "hVzI"


def main(arguments):
    options, rest = parse(arguments)
    text, argv = None, None
    if rest and rest[0] == "--":
        argv = rest[1:]
    else:
        text = read_script(rest)
        directives = [word for line in directive_lines(text) for word in shlex.split(line)]
        from_script, _ = parse(directives)
        from_script["l"] = from_script.get("l", []) + options.pop("l", [])
        options = {**from_script, **options}
    with state() as known:
        job = make_job(known, options, rest, text, argv, " ".join(arguments))
        known["next"] += 1
        known["jobs"][str(job["number"])] = job
    print(full_id(job))


def parse(arguments):
    options, arguments = {}, list(arguments)
    while arguments and arguments[0].startswith("-") and arguments[0] != "--":
        letter, attached = arguments[0][1], arguments[0][2:]
        arguments.pop(0)
        if letter in ALONE:
            options[letter] = True
        elif letter in WITH_VALUE:
            if not attached and not arguments:
                raise Refusal(f"option requires an argument -- '{letter}'", 2)
            value = attached or arguments.pop(0)
            options.setdefault(letter, [])
            options[letter] = options[letter] + [value] if letter == "l" else value
        else:
            raise Refusal(f"invalid option -- '{letter}'", 2)
    return options, arguments


def read_script(rest):
    if not rest:
        return sys.stdin.read()
    try:
        with open(rest[0]) as file:
            return file.read()
    except OSError as error:
        raise Refusal("script file:: No such file or directory", 1) from error


def directive_lines(text):
    """Directives stand among the comments at the beginning."""
    for line in text.splitlines():
        if line.startswith("#PBS "):
            yield line[5:]
        elif line.strip() and not line.startswith("#"):
            return


def make_job(known, options, rest, text, argv, submit_arguments):
    if options.get("q", QUEUE) != QUEUE:
        raise Refusal("Unknown queue", 170)
    resources, now, number = read_resources(options.get("l", [])), time.time(), known["next"]
    array = read_array(options["J"], known) if "J" in options else None
    name = options.get("N") or (os.path.basename(rest[0]) if rest and text is not None else "STDIN")
    job = {
        "number": number,
        "name": name,
        "owner": getpass.getuser(),
        "account": options.get("A"),
        "array": array,
        "resources": resources,
        "text": text,
        "argv": argv,
        "shell": options.get("S", "/bin/bash"),
        "workdir": os.getcwd(),
        "output": options.get("o"),
        "error": options.get("e"),
        "join": options.get("j", "n"),
        "rerunable": options.get("r", "y") != "n",
        "priority": int(options.get("p", 0)),
        "variables": variables(options),
        "submit_arguments": submit_arguments,
        "ctime": now,
        "mtime": now,
        "held": "u" if options.get("h") else "",
        "state": "Q",
        "substate": 10,
        "units": {},
        **dependency(known, options.get("W", "")),
    }
    if job["held"]:
        job["state"], job["substate"] = "H", 20
    if "a" in options:
        job["state"], job["substate"] = "W", 30
    indices = [str(index) for index in array["indices"]] if array else [""]
    job["units"] = {index: {"state": job["state"], "substate": job["substate"]} for index in indices}
    return job


def read_array(written, known):
    written, _, throttle = written.partition("%")
    indices = ranges(written)
    # From the documentation: an array has two subjobs at least.
    if len(indices) < 2:
        raise Refusal("illegal -J value", 2)
    if len(indices) > known["settings"]["max_array_size"]:
        raise Refusal("Array job exceeds server or queue size limit", 3)
    return {"written": written, "indices": indices, "most": int(throttle) if throttle else None}


def read_resources(written):
    resources = {"ncpus": 1, "nodect": 1, "place": "pack", "select": "1:ncpus=1"}
    for part in ",".join(written).split(",") if written else []:
        name, _, value = part.partition("=")
        resources[name] = value
    if "walltime" in resources:
        resources["walltime_s"] = walltime(resources["walltime"])
        resources["walltime"] = "%02d:%02d:%02d" % tuple(split_time(resources["walltime_s"]))
    count, *chunk = resources["select"].split(":")
    asked = dict(part.partition("=")[::2] for part in chunk)
    if "ncpus" in asked:
        resources["ncpus"] = int(count) * int(asked["ncpus"])
    resources["ncpus"] = int(resources["ncpus"])
    return resources


def walltime(text):
    if not re.fullmatch(r"\d+(:\d+){0,2}", text):
        raise Refusal("Illegal attribute or resource value Resource_List.walltime", 166)
    seconds = 0
    for part in text.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds


def split_time(seconds):
    return seconds // 3600, seconds // 60 % 60, seconds % 60


def variables(options):
    found = {
        "PBS_O_HOME": os.environ.get("HOME", "/"),
        "PBS_O_LANG": os.environ.get("LANG", "C.UTF-8"),
        "PBS_O_LOGNAME": getpass.getuser(),
        "PBS_O_PATH": os.environ.get("PATH", ""),
        "PBS_O_SHELL": os.environ.get("SHELL", "/bin/bash"),
        "PBS_O_WORKDIR": os.getcwd(),
        "PBS_O_SYSTEM": "Linux",
        "PBS_O_QUEUE": QUEUE,
        "PBS_O_HOST": SERVER,
    }
    if options.get("V"):
        found = {**os.environ, **found}
    for part in options["v"].split(",") if "v" in options else []:
        name, is_given, value = part.partition("=")
        found[name] = value if is_given else os.environ.get(name, "")
    return found


def dependency(known, written):
    match = re.search(r"depend=afterok:(\d+)", written)
    if not match:
        return {"after": None}
    if match.group(1) not in known["jobs"]:
        raise Refusal(f"Unknown Job Id {match.group(1)}.{SERVER}", 153)
    return {"after": match.group(1), "held": "s"}
