"""`qstat`: the short listing, the full one and the one in JSON."""

import json
import sys
import time

from store import QUEUE, SERVER, Refusal, find, full_id, is_over, moment, state, unit_id

HEADER = (
    "Job id            Name             User              Time Use S Queue\n"
    "----------------  ---------------- ----------------  -------- - -----"
)


def main(arguments):
    letters, in_json, ids = set(), False, []
    arguments = list(arguments)
    while arguments:
        argument = arguments.pop(0)
        if argument == "-F":
            in_json = arguments.pop(0) == "json"
        elif argument.startswith("-"):
            letters.update(argument[1:])
        else:
            ids.append(argument)
    with state() as known:
        if "B" in letters:
            return print(server_attributes(known))
        if "x" in letters and not known["settings"]["history"]:
            # The words are the server's; the code is from the documentation.
            raise Refusal("PBS is not configured to maintain job history", 1)
        rows, code = choose(known, ids, letters)
        if in_json:
            print(as_json(known, rows))
        elif "f" in letters:
            print("\n".join(as_text(known, job, index) for job, index in rows), end="")
        elif rows:
            print(HEADER)
            for job, index in rows:
                print(short_line(job, index))
    return code


def choose(known, ids, letters):
    """The rows: a job and an index each, which is nothing for an array itself."""
    rows, code = [], 0
    meant = [(job, None) for job in known["jobs"].values() if "x" in letters or job["state"] != "F"]
    if ids:
        meant = []
    for written in ids:
        try:
            job, indices = find(known, written)
            if job["state"] == "F" and "x" not in letters:
                words = f"{written} Job has finished, use -x or -H to obtain historical job information"
                raise Refusal(words, 35)
            meant.append((job, indices))
        except Refusal as refusal:
            print(f"qstat: {refusal}", file=sys.stderr)
            code = refusal.code
    for job, indices in meant:
        if indices is not None:
            rows += [(job, str(index)) for index in indices]
            continue
        rows.append((job, None if job["array"] else ""))
        if job["array"] and "t" in letters:
            rows += [(job, index) for index in job["units"]]
    return rows, code


def short_line(job, index):
    unit = job if index is None else job["units"][index]
    used = "00:00:00" if index is not None and unit.get("stime") else "0"
    identity = full_id(job) if index is None else unit_id(job, index)
    return f"{identity:<17} {job['name'][:15]:<16} {job['owner'][:15]:<16}  {used:>8} {unit['state']} {QUEUE:<16}"


def as_json(known, rows):
    document = {"timestamp": int(time.time()), "pbs_version": "23.06.06", "pbs_server": SERVER}
    if rows:
        jobs = {}
        for job, index in rows:
            jobs[full_id(job) if index is None else unit_id(job, index)] = attributes(known, job, index)
        document["Jobs"] = jobs
    return json.dumps(document, indent="\t", separators=(",", ":\t"))


def as_text(known, job, index):
    lines = [f"Job Id: {full_id(job) if index is None else unit_id(job, index)}"]
    for name, value in attributes(known, job, index).items():
        if name == "Variable_List":
            value = ",".join(f"{key}={text}" for key, text in value.items())
        if isinstance(value, dict):
            lines += [f"    {name}.{key} = {text}" for key, text in value.items()]
        else:
            lines.append(f"    {name} = {value}")
    return "\n".join(lines) + "\n"


def attributes(known, job, index):
    """What there is to know of a job or a subjob, in the order of the recordings. What has no value is left out."""
    unit = job if index is None else job["units"][index]
    place = {name: job[name] or f"{job['workdir']}/{job['name']}.{letter}{job['number']}" for name, letter in
             (("output", "o"), ("error", "e"))}
    suffix = ".^array_index^" if job["array"] and index is None else ""
    path = {name: f"{SERVER}:{text}{'' if job[name] else suffix}" for name, text in place.items()}
    ran = unit.get("stime") is not None
    found = {
        "Job_Name": job["name"],
        "Job_Owner": f"{job['owner']}@{SERVER}",
        "resources_used": used(unit) if ran and index is not None else None,
        "job_state": unit["state"],
        "queue": QUEUE,
        "server": SERVER,
        "Account_Name": job["account"],
        "Checkpoint": "u",
        "ctime": moment(job["ctime"]),
        "depend": f"afterok:{job['after']}.{SERVER}@{SERVER}" if job["after"] else None,
        "Error_Path": path["error"],
        "exec_host": f"{SERVER}/0" if ran and index is not None else None,
        "exec_vnode": "(pbs1:ncpus=1)" if ran and index is not None else None,
        "Hold_Types": job["held"] or "n",
        "Join_Path": job["join"],
        "Keep_Files": "n",
        "Mail_Points": "a",
        "mtime": moment(job["mtime"]),
        "Output_Path": path["output"],
        "Priority": job["priority"],
        "qtime": moment(job["ctime"]),
        "Rerunable": "True" if job["rerunable"] else "False",
        "Resource_List": {name: value for name, value in job["resources"].items() if name != "walltime_s"},
        "stime": moment(unit["stime"]) if ran else None,
        "obittime": moment(unit["obittime"]) if unit.get("obittime") else None,
        "jobdir": job["variables"]["PBS_O_HOME"] if ran and index is not None else None,
        "substate": unit["substate"],
        "Variable_List": job["variables"],
        "comment": unit.get("comment"),
        "etime": moment(job["ctime"]),
        "run_count": 1 if ran and index is not None else None,
        "Stageout_status": 1 if ran and is_over(unit) and index is not None else None,
        "Exit_status": unit.get("exit_status"),
        "Submit_arguments": job["submit_arguments"],
        "history_timestamp": int(unit["history"]) if unit.get("history") else None,
        **executable(job),
        **array_attributes(job, index),
        "project": "_pbs_project_default",
        "Submit_Host": SERVER,
        "max_run_subjobs": job["array"]["most"] if job["array"] and index is None else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def executable(job):
    if job["argv"] is None:
        return {}
    program, *arguments = job["argv"]
    written = "".join(f"<jsdl-hpcpa:Argument>{argument}</jsdl-hpcpa:Argument>" for argument in arguments)
    return {"executable": f"<jsdl-hpcpa:Executable>{program}</jsdl-hpcpa:Executable>", "argument_list": written or None}


def array_attributes(job, index):
    if not job["array"]:
        return {}
    if index is not None:
        return {"array_id": full_id(job), "array_index": int(index)}
    units = job["units"].values()
    counts = {
        "Queued": sum(unit["state"] in ("Q", "H", "W") for unit in units),
        "Running": sum(unit["state"] == "R" for unit in units),
        "Exiting": sum(unit["state"] == "E" for unit in units),
        "Expired": sum(unit["state"] == "X" for unit in units),
    }
    left = [int(index) for index, unit in job["units"].items() if unit["state"] in ("Q", "H", "W")]
    return {
        "array": "True",
        "array_state_count": " ".join(f"{name}:{count}" for name, count in counts.items()),
        "array_indices_submitted": job["array"]["written"],
        "array_indices_remaining": runs(left) or "-",
    }


def runs(numbers):
    """`4-6,9`: the shortest way to write what is left of an array."""
    parts = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def used(unit):
    seconds = int((unit.get("obittime") or time.time()) - unit["stime"])
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return {"cpupercent": 0, "cput": "00:00:00", "mem": "4632kb", "ncpus": 1, "vmem": "7880kb", "walltime": clock}


def server_attributes(known):
    """From the documentation, but for the names of what hsm reads."""
    settings = known["settings"]
    waiting = sum(not is_over(unit) for job in known["jobs"].values() for unit in job["units"].values())
    return (
        f"Server: {SERVER}\n    server_state = Active\n    server_host = {SERVER}\n    scheduling = True\n"
        f"    total_jobs = {waiting}\n    default_queue = {QUEUE}\n    max_array_size = {settings['max_array_size']}\n"
        f"    job_history_enable = {settings['history']}\n    job_history_duration = 336:00:00\n    pbs_version = 23.06.06\n"
    )
