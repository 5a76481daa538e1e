
# --- Processes: which of them live, which belong to an element, and ending them. ---

# The worker of a slot writes this into the environment of what it starts, where every process of a task inherits it.
readonly MARK=HSM_AGENT_TASK

proc= boot=-
[ ! -r /proc/self/stat ] || proc=/proc
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null

# Reads what the system says of process $1: $started, $parent, $group, $session. Fails where there is none, or only what is left of one
# that ended.
read_process() {
  local line
  { IFS= read -r line <"$proc/$1/stat"; } 2>/dev/null || return 1
  # The program's name is in parentheses, and may have some itself.
  line=${line##*) }
  set -- $line
  parent=$2 group=$3 session=$4 started=${20}
  case $1 in Z | X | x) return 1 ;; esac
}

# Whether the process with pid $1 is the one that began at $2 in the boot $3.
lives() {
  [ "$3" = "$boot" ] || return 1
  if [ -n "$proc" ]; then
    read_process "$1" && [ "$started" = "$2" ]
  else
    kill -0 "$1" 2>/dev/null
  fi
}

exists() { if [ -n "$proc" ]; then read_process "$1"; else kill -0 "$1" 2>/dev/null; fi; }

# When process $1 began, in the system's own measure: $started.
start_of() {
  started=-
  [ -z "$proc" ] || read_process "$1"
}

# All processes that have the mark $1, and everything that descends from them or from process $2, is in their process groups or in their
# sessions: members[pid], which is when each began. A program that left its session, or wiped its environment, is found by the other
# signs; whoever gathers again names in seeds[pid] what was found before, since a process whose parent has ended descends from nobody.
gather() {
  local at pid text changed=1
  local -A parents=() groups=() sessions=() began=()
  members=()
  if [ -z "$proc" ]; then
    gather_without_proc "$2"
    return
  fi
  for at in "$proc"/[0-9]*; do
    pid=${at##*/}
    read_process "$pid" || continue
    parents[$pid]=$parent groups[$pid]=$group sessions[$pid]=$session began[$pid]=$started
    [ "$pid" != "$2" ] && [ "${seeds[$pid]-}" != "$started" ] || members[$pid]=$started
    [ -r "$at/environ" ] || continue
    text=
    { IFS= read -r -d $'\001' text <"$at/environ"; } 2>/dev/null
    case $text in *"$MARK="*"$1"*) members[$pid]=$started ;; esac
  done
  while [ -n "$changed" ]; do
    changed=
    for pid in "${!parents[@]}"; do
      [ -z "${members[$pid]-}" ] || continue
      if [ -n "${members[${parents[$pid]}]-}${members[${groups[$pid]}]-}${members[${sessions[$pid]}]-}" ]; then
        members[$pid]=${began[$pid]} changed=1
      fi
    done
  done
  unset "members[$$]" "members[$BASHPID]"
}

# The same where the system has no /proc: descendants of process $1, by `ps` where there is one.
gather_without_proc() {
  local pid parent group
  [ -z "$1" ] || ! kill -0 "$1" 2>/dev/null || members[$1]=1
  while read -r pid parent group; do
    [ -z "${members[$parent]-}${members[$group]-}" ] || members[$pid]=1
  done < <(ps -A -o pid= -o ppid= -o pgid= 2>/dev/null)
}

# The mark of element $2 of job $1, and that of everything in slot $1; a mark in an environment is both, one after the other.
mark_of_element() { mark=";$state;$1;$2;"; }
mark_of_slot() { mark=";$state;slot;$1;"; }

# Waits until nothing with the mark $1 lives, nor of process $2.
await_end_of() {
  local pid
  while :; do
    gather "$1" "${2-}"
    [ "${#members[@]}" != 0 ] || return
    # Until they are gone there is no need to look at all the others.
    for pid in "${!members[@]}"; do
      while exists "$pid"; do sleep 0.5; done
    done
  done
}

# Gathers what has the $mark or descends from $script, and remembers it.
regather() {
  local pid
  gather "$mark" "$script"
  for pid in "${!members[@]}"; do seeds[$pid]=${members[$pid]}; done
}

# Stops element $2 of job $1 for the reason $3: TERM to its script, which hands it on, and after the job's grace KILL to every process that
# is left. Its script is last, so that it can write down what happened.
stop_element() {
  local try pid script=
  load_job "$1" || return
  { printf 'asked %s\n' "$3" >>"$job/begun/$2"; } 2>/dev/null
  # A worker that has only just taken the element is about to start the script.
  for try in 1 2 3 4 5 6 7 8 9 10; do
    read_record "$2"
    [ "${#body[@]}" = 0 ] || break
    sleep 0.2
  done
  [ "${#body[@]}" = 0 ] || ! lives "${body[0]}" "${body[1]}" "${by[2]}" || script=${body[0]}
  local mark seeds=()
  mark_of_element "$1" "$2"
  regather
  kill -TERM ${script:-"${!members[@]}"} 2>/dev/null
  for ((try = 0; try < job_grace_s * 4; try++)); do
    regather
    [ "${#members[@]}" != 0 ] || return
    sleep 0.25
  done
  for ((try = 0; try < 40; try++)); do
    regather
    [ "${#members[@]}" != 0 ] || return
    [ -z "$script" ] || [ "$try" -ge 20 ] || unset "members[$script]"
    [ "${#members[@]}" = 0 ] || kill -KILL "${!members[@]}" 2>/dev/null
    sleep 0.1
  done
}
