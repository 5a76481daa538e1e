"""`qdel`, `qhold` and `qrls`. What is deleted is only marked here; the server ends its processes."""

import getpass
import sys

from store import SERVER, Refusal, find, full_id, is_over, state


def each(program, ids, deed):
    """Does it to each of them, says what cannot be done, and ends with the code of the last such."""
    code = 0
    with state() as known:
        for written in ids:
            try:
                job, indices = find(known, written)
                if job["state"] == "F":
                    raise Refusal(f"Job has finished {full_id(job)}", 35)
                deed(job, indices, written)
            except Refusal as refusal:
                print(f"{program}: {refusal}", file=sys.stderr)
                code = refusal.code
    return code


def qdel(ids):
    return each("qdel", ids, delete)


def delete(job, indices, _):
    by = f"{getpass.getuser()}@{SERVER}"
    meant = job["units"] if indices is None else [str(index) for index in indices]
    for unit in (job["units"][index] for index in meant):
        if is_over(unit):
            continue
        unit["deleted_by"] = by
        # Recorded so: a subjob that is deleted by itself has Exit_status 1, whether it ran or not.
        unit["alone"] = bool(job["array"]) and indices is not None
    if indices is None:
        job["deleted_by"] = by


def qhold(ids):
    return each("qhold", ids, lambda job, indices, written: hold(job, indices, written, "u"))


def qrls(ids):
    return each("qrls", ids, lambda job, indices, written: hold(job, indices, written, ""))


def hold(job, indices, written, kind):
    # From the documentation: arrays can be held, and subjobs cannot.
    if indices is not None:
        raise Refusal(f"illegally formed job identifier: {written}", 2)
    job["held"] = kind
    for unit in [job, *job["units"].values()]:
        if kind and unit["state"] == "Q":
            unit["state"], unit["substate"] = "H", 20
        elif not kind and unit["state"] == "H":
            unit["state"], unit["substate"] = "Q", 10
