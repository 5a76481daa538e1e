"""The server: starts what there is room for, ends what was deleted or took too long, and writes down how things ended.

It looks at the state ten times a second. Each unit has a keeper, a process that starts the job, waits for it and writes down how it ended, so
that a server that is killed and started again knows what happened meanwhile.
"""

import fcntl
import json
import os
import signal
import subprocess
import time

from store import QUEUE, SERVER, full_id, is_over, path, short_moment, state, unit_id

LOOK_S = 0.1
KILL_AFTER_S = 2

DELETED = 91
FINISHED = 92
FAILED = 93
OVER_WALLTIME = -29


def main(_):
    with open(path("serving"), "a") as serving:
        fcntl.flock(serving, fcntl.LOCK_EX)
        os.set_inheritable(serving.fileno(), False)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            with state(for_command=False) as known:
                look(known)
            time.sleep(LOOK_S)


def look(known):
    now = time.time()
    for job in known["jobs"].values():
        if job["state"] == "F":
            continue
        for index, unit in job["units"].items():
            if unit["state"] == "R":
                watch(job, index, unit, now)
            elif unit.get("deleted_by") and not is_over(unit):
                end(job, unit, now, DELETED, 1 if job["array"] else None, None)
    for job in known["jobs"].values():
        if job["state"] != "F":
            settle(known, job, now)
    if not known["settings"]["history"]:
        known["jobs"] = {number: job for number, job in known["jobs"].items() if job["state"] != "F"}
    free = known["settings"]["cpus"] - sum(
        job["resources"]["ncpus"] for job in known["jobs"].values() for unit in job["units"].values() if unit["state"] == "R"
    )
    for job in known["jobs"].values():
        if job["state"] in ("Q", "B"):
            free -= start_units(known, job, free, now)


def start_units(known, job, free, now):
    """Starts what may start of a job, and gives the cores that it takes."""
    ncpus, total = job["resources"]["ncpus"], known["settings"]["cpus"]
    if ncpus > total:
        words = "Can Never Run: Insufficient amount of resource: ncpus"
        job["comment"] = f"{words} (R: {ncpus} A: {free} T: {total})"
        job["units"].get("", {})["comment"] = job["comment"]
        return 0
    running = sum(unit["state"] == "R" for unit in job["units"].values())
    most = job["array"]["most"] if job["array"] and job["array"]["most"] else len(job["units"])
    taken = 0
    for index, unit in job["units"].items():
        if unit["state"] != "Q":
            continue
        if running >= most or taken + ncpus > free:
            words = "Not Running: Not enough free nodes available"
            if job["state"] == "Q":
                job["comment"] = job["units"].get("", {})["comment"] = words
            break
        start(job, index, unit, now)
        running, taken = running + 1, taken + ncpus
    return taken


def start(job, index, unit, now):
    unit.update(state="R", substate=42, stime=now, comment=f"Job run at {short_moment(now)} on (pbs1:ncpus=1)")
    job["mtime"] = now
    if job["array"] and job["state"] == "Q":
        job.update(state="B", substate=41, stime=now, comment=f"Job Array Began at {short_moment(now)}")
    elif not job["array"]:
        job.update(state="R", substate=42)
    if os.fork() == 0:
        try:
            # The locks are open files, and would be held for as long as the job runs.
            os.closerange(3, 256)
            os.setsid()
            keep(job, index)
        finally:
            os._exit(0)


def keep(job, index):
    """Runs the job in a session of its own and writes down how it ended, in one piece."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    identity = unit_id(job, index)
    scratch = path("jobs", identity)
    os.makedirs(scratch, exist_ok=True)
    home = job["variables"]["PBS_O_HOME"]
    environment = {
        "HOME": home, "LOGNAME": job["owner"], "USER": job["owner"], "SHELL": "/bin/bash", "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin", **job["variables"],
        "NCPUS": "1", "OMP_NUM_THREADS": "1", "TMPDIR": scratch, "PBS_ENVIRONMENT": "PBS_BATCH", "PBS_JOBDIR": home,
        "PBS_JOBID": identity, "PBS_JOBNAME": job["name"], "PBS_NODEFILE": os.path.join(scratch, "nodes"),
        "PBS_NODENUM": "0", "PBS_QUEUE": QUEUE, "PBS_TASKNUM": "1", "FAKE_PBS_UNIT": path(""),
    }
    if job["array"]:
        environment.update(PBS_ARRAY_INDEX=index, PBS_ARRAY_ID=full_id(job))
    with open(environment["PBS_NODEFILE"], "w") as file:
        file.write(f"{SERVER}\n")
    argv = job["argv"]
    if argv is None:
        script = os.path.join(scratch, "script")
        with open(script, "w") as file:
            file.write(job["text"])
        argv = [job["shell"], script]
    output = open(place(job, index, "output", "o"), "ab")
    error = output if "oe" in job["join"] else open(place(job, index, "error", "e"), "ab")
    try:
        child = subprocess.Popen(
            argv, cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=error, start_new_session=True
        )
    except OSError:
        return write(scratch, "end", 254)
    write(scratch, "pid", child.pid)
    write(scratch, "end", child.wait())


def place(job, index, name, letter):
    written = job[name] or f"{job['workdir']}/{job['name']}.{letter}{job['number']}"
    written = written.split(":", 1)[-1]
    if job["array"]:
        written = written.replace("^array_index^", index) if job[name] else f"{written}.{index}"
    if os.path.isdir(written):
        written = os.path.join(written, unit_id(job, index) + (".OU" if letter == "o" else ".ER"))
    return written


def write(scratch, name, value):
    new = os.path.join(scratch, f"{name}.new")
    with open(new, "w") as file:
        json.dump(value, file)
    os.replace(new, os.path.join(scratch, name))


def read(job, index, name):
    try:
        with open(path("jobs", unit_id(job, index), name)) as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def watch(job, index, unit, now):
    """Ends what should end, and sees whether it has ended."""
    code = read(job, index, "end")
    if code is not None:
        # The codes of programs as they are; a signal is 256 and its number.
        status = code if code >= 0 else 256 - code
        if unit.get("deleted_by"):
            words = f" and terminated by {unit['deleted_by']}"
            return end(job, unit, now, DELETED, 1 if unit.get("alone") else status, words)
        if unit.get("over_walltime"):
            return end(job, unit, now, FAILED, OVER_WALLTIME, " and exceeded resource walltime")
        words = " and finished" if status == 0 else " and failed"
        return end(job, unit, now, FINISHED if status == 0 else FAILED, status, words)
    limit = job["resources"].get("walltime_s")
    if limit is not None and now - unit["stime"] > limit:
        unit["over_walltime"] = True
    if unit.get("deleted_by") or unit.get("over_walltime"):
        asked = unit.setdefault("asked_to_end", now)
        group = read(job, index, "pid")
        if group is not None:
            try:
                os.killpg(group, signal.SIGTERM if now - asked < KILL_AFTER_S else signal.SIGKILL)
            except ProcessLookupError:
                pass
    return None


def end(job, unit, now, substate, status, words):
    unit.update(state="X" if job["array"] else "F", substate=substate, history=now)
    job["mtime"] = now
    if unit.get("stime"):
        unit["obittime"] = now
    if status is not None:
        unit["exit_status"] = status
    if words:
        unit["comment"] += words


def settle(known, job, now):
    """What becomes of a job when its units are over, or what it waits for is."""
    if job["after"] and job["held"] == "s":
        # Without a history, what is gone may have ended in any way, and nobody waits for it for ever.
        before = known["jobs"].get(job["after"], {"state": "F"})
        if before["state"] == "F" and before.get("exit_status") == 0:
            job["held"] = ""
        for unit in [job, *job["units"].values()]:
            if unit["state"] in ("Q", "H"):
                unit["state"] = "H" if job["held"] else "Q"
        if before["state"] == "F" and job["held"]:
            # It never ran, so it has no Exit_status.
            for unit in [job, *job["units"].values()]:
                unit.update(state="F", substate=FINISHED, history=now)
            return
    units = list(job["units"].values())
    if not all(is_over(unit) for unit in units):
        return
    if not job["array"]:
        job.update({**units[0]})
        return
    failed = any(unit.get("exit_status") for unit in units)
    substate = DELETED if job.get("deleted_by") else FAILED if failed else FINISHED
    words = " and terminated by " + job["deleted_by"] if job.get("deleted_by") else " and failed" if failed else " and finished"
    job.update(state="F", substate=substate, exit_status=1 if failed else 0, obittime=now, history=now)
    job["comment"] = job.get("comment", "") + words
    for unit in units:
        unit["state"] = "F"
