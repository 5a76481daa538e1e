"""Writes what it was started with to `started.json` in its task folder: arguments, environment, standard input, process group."""
import json
import os
import sys

started = {
    "argv": sys.argv,
    "stdin": sys.stdin.read() if sys.stdin else None,
    "environment": dict(os.environ),
    "folder": os.getcwd(),
    "leads_its_group": os.getpgid(0) == os.getpid(),
    "params": json.load(open(os.environ["HSM_PARAMS"], encoding="utf-8")),
}
with open(os.path.join(os.environ["HSM_TASK_DIR"], "started.json"), "w", encoding="utf-8") as file:
    json.dump(started, file)
print("to standard output")
print("to standard error", file=sys.stderr)
