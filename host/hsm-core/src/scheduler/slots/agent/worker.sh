
# --- Workers: one a slot, each running one element after another until none is left that it may begin. ---

# Who has slot $1: its $generation, and $holder: none, released, live, or dead.
look_at_slot() {
  local file word pid began in_boot
  generation=0 holder=none
  for file in "$state/slots/$1".*; do
    [ "${file##*.}" -le "$generation" ] || generation=${file##*.}
  done
  [ "$generation" != 0 ] || return
  holder=dead pid=
  while read -r word pid began in_boot; do
    case $word in
      own) ! lives "$pid" "$began" "$in_boot" || holder=live ;;
      released) holder=released ;;
    esac
  done 2>/dev/null <"$state/slots/$1.$generation"
}

# Takes slot $1 for this process: $mine is the file that says so. Fails where somebody else has it.
take_slot() {
  local file
  look_at_slot "$1"
  [ "$holder" != live ] || return 1
  start_of $$
  mine=$state/slots/$1.$((generation + 1))
  publish "$mine" "own $$ $started $boot" || return 1
  for file in "$state/slots/$1".*; do
    if [ "${file##*.}" -gt $((generation + 1)) ]; then
      rm -f -- "$mine"
      return 1
    fi
  done
  for file in "$state/slots/$1".*; do
    [ "${file##*.}" -gt "$generation" ] || rm -f -- "$file"
  done
}

# Makes good what the last worker of the slot left behind: what it started must be over before anything else begins here, and its GPUs
# are free again.
succeed() {
  local mark gpu
  mark_of_slot "$my_slot"
  await_end_of "$mark"
  for gpu in "$state/gpus"/*; do
    [ "$(readlink -- "$gpu")" != "$my_slot" ] || rm -f -- "$gpu"
  done
}

# Takes as many GPUs of the job's as an element uses: $taken, by commas. Fails where not so many are free.
take_gpus() {
  local gpu count=0
  taken=
  for gpu in ${job_gpus//,/ }; do
    [ "$count" -lt "$job_gpus_each" ] || break
    [ ! -L "$state/gpus/$gpu" ] && ln -s -- "$my_slot" "$state/gpus/$gpu" 2>/dev/null || continue
    taken=${taken:+$taken,}$gpu count=$((count + 1))
  done
  [ "$count" = "$job_gpus_each" ] && return
  free_gpus
  return 1
}

free_gpus() {
  local gpu
  for gpu in ${taken//,/ }; do rm -f -- "$state/gpus/$gpu"; done
  taken=
}

# The script of the job for one element: in a process group of its own, with the mark, and with the GPUs it may use.
start_script() {
  local mark own
  mark_of_slot "$my_slot" && own=$mark
  mark_of_element "$job_token" "$1"
  if [ "$job_gpus_each" -gt 0 ]; then
    HSM_ELEMENT=$1 HSM_AGENT_TASK=$own$mark CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=$taken \
      bash "$job_script" </dev/null >>"$job_log" 2>&1 &
  else
    HSM_ELEMENT=$1 HSM_AGENT_TASK=$own$mark bash "$job_script" </dev/null >>"$job_log" 2>&1 &
  fi
  script=$!
}

# Runs element $1 of the job, which this worker took: $by, and writes down how it ended.
run_element() {
  local asked slot by body mark warden= class=none record=$job/begun/$1
  start_script "$1"
  start_of "$script"
  { printf 'body %s %s mark\n' "$script" "$started" >>"$record"; } 2>/dev/null
  read_record "$1"
  # Somebody asked for its end between the record and the start.
  [ -z "$asked" ] || kill -TERM "$script" 2>/dev/null
  if [ "$job_walltime_s" -gt 0 ]; then
    (
      trap - TERM
      sleep "$job_walltime_s"
      stop_element "$job_token" "$1" time-limit
    ) &
    warden=$!
  fi
  wait_for "$script"
  read_record "$1"
  if [ -n "$warden" ]; then
    [ -n "$asked" ] || kill -KILL -- "-$warden" 2>/dev/null
    wait "$warden" 2>/dev/null
  fi
  # A script that was killed, or whose end was asked for, may leave processes of the task behind.
  if [ -n "$asked" ] || [ "$code" -gt 128 ]; then
    mark_of_element "$job_token" "$1"
    await_end_of "$mark"
  fi
  case $code,$asked in 0,* | *,) ;; *) class=$asked ;; esac
  local signal=0
  [ "$code" -le 128 ] || [ "$code" -gt 192 ] || signal=$((code - 128))
  # The slot goes on only when the end is on record, however long the disk stays full: an element without a worker and without an end
  # would count as killed.
  until write_end "$my_slot" "$1" "$class" "$code" "$signal" -; do
    [ -e "$job/spec" ] || break
    sleep 5
  done
}

# Waits for process $1, whatever signals come meanwhile; its exit code is $code.
wait_for() {
  local before
  code=127
  while :; do
    before=$code woken=
    wait "$1"
    code=$?
    [ -z "$woken" ] || continue
    # A shell with job control also says so when a process is only stopped.
    [ "$code" -gt 128 ] && kill -0 "$1" 2>/dev/null || break
    sleep 1
  done
  # What a shell says of a process that it has reaped already.
  [ "$code" != 127 ] || code=$before
}

# Runs elements of the job until all have begun: 0, or nothing can begin now: 1 held or cancelled, 2 its GPUs are in use, 3 no room.
drain() {
  local status
  while [ "$next" -lt "$job_elements" ]; do
    [ -z "$leaving" ] || return 1
    [ ! -e "$job/held" ] && [ ! -e "$job/cancelled" ] || return 1
    if [ -e "$job/begun/$next" ]; then
      next=$((next + 1))
      continue
    fi
    [ "$job_gpus_each" = 0 ] || take_gpus || return 2
    clock
    take_element "$next" "take $$ $my_start $boot $my_slot mark $now_ms" 12
    status=$?
    [ "$status" != 0 ] || run_element "$next"
    [ "$job_gpus_each" = 0 ] || free_gpus
    [ "$status" != 2 ] || return 3
    next=$((next + 1))
  done
}

# One walk over the queue. Says in $again whether waiting for GPUs makes sense.
work_off() {
  local entry next
  again=
  for entry in "$state/queue"/*; do
    [ -z "$leaving" ] || return
    load_job "${entry##*.}" || continue
    [ "$my_slot" -lt "$job_slots" ] || continue
    next=0
    drain
    case $? in
      0) rm -f -- "$entry" ;;
      2) again=1 ;;
      3) leaving=1 ;;
    esac
  done
}

# Whether there is anything in the queue that this worker could begin.
has_work() {
  local entry
  for entry in "$state/queue"/*; do
    load_job "${entry##*.}" && [ "$my_slot" -lt "$job_slots" ] || continue
    [ ! -e "$job/held" ] && [ ! -e "$job/cancelled" ] && return
  done
  return 1
}

verb_work() {
  open_state "$1"
  my_slot=$2 leaving= woken= script= taken=
  set -m
  trap 'woken=1 leaving=1; [ -z "$script" ] || kill -TERM "$script" 2>/dev/null' TERM
  while take_slot "$my_slot"; do
    my_start=$started
    [ "$holder" != dead ] || succeed
    work_off
    while [ -n "$again" ] && [ -z "$leaving" ]; do
      sleep 0.5
      work_off
    done
    printf 'released\n' >>"$mine"
    # Whoever handed in a job after that walk may have found this worker alive.
    [ -z "$leaving" ] && has_work || return 0
  done
}

# Starts a worker for slot $1, which outlives whoever asked for it.
start_worker() {
  (
    set -m
    trap '' HUP
    exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    env -u "$MARK" bash "$agent" work "$base" "$1" </dev/null >>"$log" 2>&1 &
  )
}

# Sees to it that the elements in the queue have workers, and that what a killed worker left behind has somebody to clear it up.
start_workers() {
  local entry wanted=0 top=0 slot file generation holder left
  local -A seen=()
  for entry in "$state/queue"/*; do
    load_job "${entry##*.}" || continue
    [ ! -e "$job/held" ] && [ ! -e "$job/cancelled" ] || continue
    count_left
    wanted=$((wanted + left))
    [ "$left" -le 0 ] || [ "$job_slots" -le "$top" ] || top=$job_slots
  done
  for file in "$state/slots"/*.*; do
    slot=${file##*/} slot=${slot%.*}
    [ -z "${seen[$slot]-}" ] || continue
    look_at_slot "$slot"
    seen[$slot]=$holder
    [ "$holder" != dead ] || start_worker "$slot"
  done
  for ((slot = 0; slot < top && wanted > 0; slot++)); do
    case ${seen[$slot]-none} in
      live) ;;
      dead) wanted=$((wanted - 1)) ;;
      *) start_worker "$slot" && wanted=$((wanted - 1)) ;;
    esac
  done
}
