"""A batch system that speaks like OpenPBS 23.06.06, for tests on machines where the real one cannot be had.

What it prints, how it exits and which states jobs go through are those of recorded conversations with a real server;
`tests/e2e/fake_pbs.rs` holds it to them. It really runs jobs, as processes of this machine. What no recording shows is
left out, or said to be taken from the documentation where it stands.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import control
import qstat
import qsub
import server
from store import Refusal

PROGRAMS = {
    "qsub": qsub.main,
    "qstat": qstat.main,
    "qdel": control.qdel,
    "qhold": control.qhold,
    "qrls": control.qrls,
    "serve": server.main,
}


def main():
    program, arguments = sys.argv[1], sys.argv[2:]
    if arguments == ["--version"]:
        print("pbs_version = 23.06.06")
        return 0
    try:
        return PROGRAMS[program](arguments) or 0
    except Refusal as refusal:
        print(f"{program}: {refusal}", file=sys.stderr)
        return refusal.code


sys.exit(main())
