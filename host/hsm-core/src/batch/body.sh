
hsm_say() { printf 'hsm: %s\n' "$1" >&2; }

# Shells that are no login shells often lack the `module` command.
hsm_find_modules() {
  type module >/dev/null 2>&1 && return
  local place
  for place in "${LMOD_PKG-}/init/bash" "${MODULESHOME-}/init/bash" /etc/profile.d/lmod.sh \
    /etc/profile.d/z00_lmod.sh /etc/profile.d/modules.sh /usr/share/lmod/lmod/init/bash \
    /usr/share/modules/init/bash /usr/share/Modules/init/bash /opt/cray/pe/modules/default/init/bash; do
    [ -r "$place" ] && . "$place" && type module >/dev/null 2>&1 && return
  done
  hsm_say "modules are asked for, and no \`module\` command was found on ${HOSTNAME-}"
  return 1
}

# Milliseconds since 1970, without starting a program.
hsm_clock() {
  if [ -n "${EPOCHREALTIME-}" ]; then
    hsm_ms=${EPOCHREALTIME%??????}
    hsm_ms=${hsm_ms%[.,]}
    local part=${EPOCHREALTIME#*[.,]}
    hsm_ms=$hsm_ms${part:0:3}
  else
    printf -v hsm_ms '%(%s)T000' -1
  fi
}

# Appends a line to a file; on a full disk it waits a minute for room.
hsm_append() {
  local try
  for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
    { printf '%s\n' "$2" >>"$1"; } 2>/dev/null && return 0
    sleep 5
  done
  return 1
}

# Takes the claim of $hsm_task. Fails where somebody else has it, or had it.
hsm_take_claim() {
  hsm_claim=$hsm_folder/$hsm_claims/$hsm_task
  hsm_clock
  local nonce=$BASHPID.$RANDOM.$hsm_ms line made
  set -C
  { : >"$hsm_claim"; } 2>/dev/null
  made=$?
  set +C
  [ "$made" = 0 ] || return 1
  if [ -e "$hsm_folder/$hsm_ends/$hsm_task" ]; then
    rm -f "$hsm_claim"
    return 1
  fi
  if ! hsm_append "$hsm_claim" "claim task=$hsm_task node=$hsm_node job=$hsm_job nonce=$nonce at_ms=$hsm_ms"; then
    hsm_say "the claim of task $hsm_task could not be written to $hsm_claim; it was not run"
    rm -f "$hsm_claim"
    return 1
  fi
  IFS= read -r line <"$hsm_claim"
  case $line in *" nonce=$nonce "*) return 0 ;; esac
  hsm_say "the claim of task $hsm_task does not read back; it was not run"
  return 1
}

# Becomes the program of the task, in a shell of its own.
hsm_become_program() {
  trap - TERM USR1 USR2
  export HSM_SWEEP_ID=$hsm_sweep HSM_TASK=$hsm_task HSM_TASK_DIR=$hsm_task_dir HSM_PARAMS=$hsm_task_dir/params.json
  export CUDA_DEVICE_ORDER=PCI_BUS_ID
  if [ "$hsm_gpus" = 0 ]; then
    export CUDA_VISIBLE_DEVICES=
  elif [ "$hsm_lanes" -gt 1 ]; then
    export CUDA_VISIBLE_DEVICES=$hsm_lane_gpus
  fi
  cd -- "$hsm_workdir" || exit 1
  hsm_setup
  hsm_code=$?
  [ "$hsm_code" = 0 ] || exit "$hsm_code"
  printf 'program\n' >>"$hsm_claim"
  exec "${hsm_argv[@]}"
}

# The signals that reach this script reach the programs it runs.
hsm_hand_on() {
  hsm_woken=1
  [ "$1" != TERM ] || hsm_asked=term
  [ -z "$hsm_group" ] || kill -"$1" -- "$hsm_group" 2>/dev/null
}

# Waits for process $1 to end, whatever signals come meanwhile; its exit code is $hsm_code.
hsm_wait_for() {
  local before
  hsm_code=127
  while :; do
    before=$hsm_code
    hsm_woken=
    wait "$1"
    hsm_code=$?
    [ -z "$hsm_woken" ] || continue
    # A shell with job control also says so when a process is only stopped, as a job is that is suspended or whose machine is.
    [ "$hsm_code" -gt 128 ] && kill -0 "$1" 2>/dev/null || break
    sleep 1
  done
  # With -1 a shell says that it reaped the process while it handed a signal on.
  case $hsm_code in 127 | -1) hsm_code=$before ;; esac
  # Schedulers signal programs and script alike, and the program may be first to end. Whether the script was asked to is known a moment later.
  [ "$hsm_code" != 143 ] || [ -n "$hsm_asked" ] || sleep 1
}

# Makes the folder of the task at one position, and those of the tasks that follow it in its element: starting `mkdir` costs more than
# everything else that is done for a task.
hsm_make_folders() {
  local position end=$(($1 + 16)) folders=()
  [ "$end" -le "$hsm_last" ] || end=$hsm_last
  for ((position = $1; position < end; position++)); do
    # The next chunk has its own file.
    hsm_case "$position" || break
    folders+=("$hsm_tasks_folder/task_$hsm_task")
  done
  hsm_case "$1"
  mkdir -p -- "${folders[@]}"
}

# Runs the task at one position of the submission, unless it is somebody else's.
hsm_run() {
  local position=$1 chunk=$(($1 / hsm_per_chunk)) began line signal=0 stage=setup
  if [ "$chunk" != "${hsm_chunk-}" ]; then
    . "$hsm_folder/$hsm_chunks/$chunk.sh" || return
    hsm_chunk=$chunk
  fi
  hsm_case "$position" || return
  hsm_take_claim || return 0
  hsm_ran=1
  hsm_task_dir=$hsm_tasks_folder/task_$hsm_task
  [ -d "$hsm_task_dir" ] || hsm_make_folders "$position"
  hsm_clock
  began=$hsm_ms
  if { printf '%s\n' "$hsm_params" >"$hsm_task_dir/params.json"; } 2>/dev/null &&
    { : >>"$hsm_task_dir/stdout.log" && : >>"$hsm_task_dir/stderr.log"; } 2>/dev/null; then
    hsm_become_program </dev/null >>"$hsm_task_dir/stdout.log" 2>>"$hsm_task_dir/stderr.log" &
    hsm_group=-$!
    # A signal that came before the process had its group.
    [ -z "$hsm_asked" ] || kill -TERM -- "$hsm_group" 2>/dev/null
    hsm_wait_for "${hsm_group#-}"
    hsm_group=
  else
    hsm_say "the folder of task $hsm_task could not be written"
    hsm_code=1
  fi
  while IFS= read -r line; do [ "$line" != program ] || stage=program; done <"$hsm_claim"
  [ "$hsm_code" -le 128 ] || [ "$hsm_code" -gt 192 ] || signal=$((hsm_code - 128))
  hsm_clock
  IFS= read -r line <"$hsm_claim"
  if hsm_append "$hsm_folder/$hsm_ends/$hsm_task" "$line
end code=$hsm_code signal=$signal asked=${hsm_asked:-none} stage=$stage began_ms=$began ended_ms=$hsm_ms mark=end"; then
    hsm_done+=("$hsm_claim")
  else
    hsm_say "the end of task $hsm_task (exit code $hsm_code) could not be written down"
  fi
  [ "$hsm_code" = 0 ] || hsm_worst=$hsm_code
}

# Runs what is left of the element's tasks, one after another. Side by side, the claims share them out.
hsm_lane() {
  local position
  hsm_last=$(((hsm_element + 1) * hsm_per_element))
  [ "$hsm_last" -le "$hsm_tasks" ] || hsm_last=$hsm_tasks
  for ((position = hsm_element * hsm_per_element; position < hsm_last; position++)); do
    [ -z "$hsm_asked" ] || break
    # In a condition, a shell would ignore the `set -e` of what comes before the program.
    hsm_run "$position"
    [ "$?" = 0 ] || hsm_worst=1
  done
  # One program for all of them, for the same reason as above.
  [ "${#hsm_done[@]}" = 0 ] || rm -f -- "${hsm_done[@]}"
  [ -z "$hsm_ran" ] || return "$hsm_worst"
  return "$hsm_not_mine"
}

# The GPUs of lane $1: its share of those that the scheduler gave the job.
hsm_share_gpus() {
  local IFS=, all lane=$1 count
  all=(${CUDA_VISIBLE_DEVICES-})
  count=$((${#all[@]} / hsm_lanes))
  hsm_lane_gpus="${all[*]:lane * count:count}"
}

hsm_lanes_side_by_side() {
  local lane pids=() worst=$hsm_not_mine
  for ((lane = 0; lane < hsm_lanes; lane++)); do
    (
      set -m
      trap 'hsm_hand_on TERM' TERM
      trap 'hsm_hand_on USR1' USR1
      trap 'hsm_hand_on USR2' USR2
      hsm_share_gpus "$lane"
      hsm_lane
    ) &
    pids+=("$!")
    hsm_group="${hsm_group:+$hsm_group }$!"
  done
  trap 'hsm_woken=1; hsm_asked=term; kill -TERM $hsm_group 2>/dev/null' TERM
  trap 'hsm_woken=1; kill -USR1 $hsm_group 2>/dev/null' USR1
  trap 'hsm_woken=1; kill -USR2 $hsm_group 2>/dev/null' USR2
  for lane in "${pids[@]}"; do
    hsm_wait_for "$lane"
    # A lane that came too late for any task says nothing of those that did not.
    case $worst,$hsm_code in
      *,"$hsm_not_mine") ;;
      "$hsm_not_mine",* | 0,*) worst=$hsm_code ;;
    esac
  done
  return "$worst"
}

case $hsm_element in
  '' | *[!0-9]*) hsm_element=0 ;;
  *) hsm_element=$((hsm_element - hsm_first_element)) ;;
esac
hsm_node=${SLURMD_NODENAME:-${HOSTNAME:-unknown}}
hsm_job=${SLURM_ARRAY_JOB_ID:-${SLURM_JOB_ID:-${PBS_JOBID:-${JOB_ID:-$$}}}}
hsm_asked= hsm_woken= hsm_group= hsm_ran= hsm_worst=0 hsm_lane_gpus= hsm_done=()

set -m
trap 'hsm_hand_on TERM' TERM
trap 'hsm_hand_on USR1' USR1
trap 'hsm_hand_on USR2' USR2
if [ "$hsm_lanes" -gt 1 ]; then
  hsm_lanes_side_by_side
else
  hsm_lane
fi
hsm_code=$?
# Grid Engine would put a job that ends with one of these into its queue again, or hold it. The task's own record has its own code.
case $hsm_code in 99 | 100) hsm_code=1 ;; esac
exit "$hsm_code"
