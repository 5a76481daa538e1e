#!/bin/bash
# Does what its argument says after the colon, on whichever machine it finds itself. Appends a line when it starts and one when it ends to
# ~/runs.log: its task, its process, the time in nanoseconds and the machine; each is one write. Whoever waits does so for ~/open.
note() { echo "$1 $HSM_TASK $$ $(date +%s%N) $(uname -n)" >>~/runs.log; }
note start
case ${1#*:} in
    well) ;;
    fail) code=3 ;;
    nap) sleep 1.5 ;;
    wait) until [ -e ~/open ]; do sleep 0.1; done ;;
    # It does not listen, and neither does what it started in a session of its own.
    deaf)
        trap '' TERM
        setsid sleep 86399 &
        while :; do sleep 1; done
        ;;
esac
echo "{\"score\": $HSM_TASK}" >"$HSM_TASK_DIR/results.json"
echo "task $HSM_TASK on $(uname -n)"
note end
exit "${code:-0}"
