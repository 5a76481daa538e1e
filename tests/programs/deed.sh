#!/bin/bash
# Does what its argument says after the colon. Appends a line when it starts and one when it ends to $RUN_LOG; each is one write, so lines of
# tasks that run at once stay whole. Whoever waits does so for its own number or `open` to appear in $GATES.
echo "start $HSM_TASK $$" >>"$RUN_LOG"
code=0
case ${1#*:} in
    well) ;;
    fail) code=3 ;;
    die) kill -KILL $$ ;;
    # Whoever holds a line that does not end holds all of it.
    memory) head -c 400M /dev/zero | tail >/dev/null; code=${PIPESTATUS[1]} ;;
    wait) until [ -e "$GATES/open" ] || [ -e "$GATES/$HSM_TASK" ]; do sleep 0.1; done ;;
    signals)
        for signal in USR1 USR2 TERM; do trap "echo $signal" "$signal"; done
        trap 'echo TERM; heard=yes' TERM
        echo ready
        until [ "${heard-}" ]; do sleep 0.1; done
        ;;
esac
echo "end $HSM_TASK $$" >>"$RUN_LOG"
exit "$code"
