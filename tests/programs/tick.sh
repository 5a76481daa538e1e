#!/bin/sh
# Appends a line when it starts and one when it ends to $RUN_LOG; each is one write, so lines of tasks that run at once stay whole.
echo "start $HSM_TASK $$" >>"$RUN_LOG"
sleep "$1"
echo "end $HSM_TASK $$" >>"$RUN_LOG"
