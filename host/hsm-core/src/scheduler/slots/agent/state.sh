#!/bin/bash
# The agent of hsm's own slots: it keeps a queue of jobs in a folder and runs their elements, so many at once, on a machine that has
# nothing but bash and the ordinary file utilities. `hsm` starts it anew for each request; what goes on between two requests are workers,
# one a slot, which end when nothing is left to do. No service, no port, no lock that the kernel would have to keep.
#
# Everything is in one folder a machine:
#   jobs/TOKEN/spec        what was handed in; a job is in the queue from the moment that this exists
#   jobs/TOKEN/begun/E     made exclusively by whoever may begin element E, or keeps it from beginning; never made twice
#   jobs/TOKEN/ends.W      how elements ended, a line each; each writer has a file of its own
#   jobs/TOKEN/held        nothing more of it begins;  jobs/TOKEN/cancelled  nor ever will
#   queue/ORDER.TOKEN      jobs that have elements left to begin
#   slots/K.G              who has slot K; the highest generation G counts, and only the next one ever replaces it
#   gpus/I                 a link that names the slot which uses that GPU
shopt -s nullglob
unset HSM_ELEMENT

say() { printf 'hsm-agent 1 %s\n' "$1"; }
refuse() {
  say "refused $1 ${2//$'\n'/ }"
  exit 3
}

# Milliseconds since 1970.
clock() {
  if [ -n "${EPOCHREALTIME-}" ]; then
    local part=${EPOCHREALTIME#*[.,]}
    now_ms=${EPOCHREALTIME%%[.,]*}${part:0:3}
  else
    printf -v now_ms '%(%s)T000' -1
  fi
}

is_number() { case $1 in '' | *[!0-9]* | ????????????????*) return 1 ;; esac; }
is_token() { case $1 in '' | *[!a-z0-9]*) return 1 ;; esac; }

# Opens the part of the folder $1 that is this machine's: home folders are shared between machines, processes are not.
open_state() {
  case $1 in /*) ;; *) refuse arguments "\`$1\` is no absolute path" ;; esac
  local words folder
  base=$1 host=${HOSTNAME//[!A-Za-z0-9.-]/-}
  state=$base/on-$host
  if [ ! -d "$state/drafts" ]; then
    [ ! -L "$base" ] || refuse state "$base is a symbolic link"
    words=$(umask 077 && mkdir -p -- "$state/jobs" "$state/queue" "$state/slots" "$state/gpus" "$state/drafts" 2>&1) ||
      refuse no-room "the agent's folder could not be made: $words"
  fi
  for folder in "$base" "$state" "$state"/{jobs,queue,slots,gpus,drafts}; do
    [ ! -L "$folder" ] || refuse state "$folder is a symbolic link"
    [ -d "$folder" ] || refuse state "$folder is no folder"
    [ -O "$folder" ] || refuse state "$folder belongs to somebody else"
  done
  log=$state/agent.log
  { : >>"$log"; } 2>/dev/null || log=/dev/null
}

# Makes the file $1 with the text $2, whole or not at all, and only where there is none: 0 made, 1 there is one, 2 it could not be
# written, for the reason $words.
publish() {
  local draft=$state/drafts/$BASHPID.$RANDOM made
  words=$({ printf '%s\n' "$2" >"$draft"; } 2>&1)
  words=${words##*: }
  if [ "$(cat -- "$draft" 2>/dev/null)" != "$2" ]; then
    rm -f -- "$draft"
    return 2
  fi
  words=$(ln -- "$draft" "$1" 2>&1)
  made=$?
  rm -f -- "$draft"
  [ "$made" != 0 ] || return 0
  [ ! -e "$1" ] || return 1
  # A file system without hard links, or without room for one.
  local wrote=
  made=
  set -C
  { { made=1; printf '%s\n' "$2" && wrote=1; } >"$1"; } 2>/dev/null
  set +C
  [ -z "$wrote" ] || return 0
  [ -n "$made" ] || [ ! -e "$1" ] || return 1
  [ -z "$made" ] || rm -f -- "$1"
  return 2
}

# Reads the job $1 into job, job_token, job_elements, job_slots, job_walltime_s, job_grace_s, job_gpus_each, job_gpus, job_order,
# job_script and job_log. Fails where there is none.
load_job() {
  local mark=
  job=$state/jobs/$1 job_token=$1
  [ -e "$job/spec" ] || return 1
  {
    read -r job_elements job_slots job_walltime_s job_grace_s job_gpus_each job_order job_gpus
    IFS= read -r job_script
    IFS= read -r job_log
    read -r mark
  } <"$job/spec"
  [ "$mark" = end ]
}

# How many elements of the job have not begun: $left. An array that is over has no folder of begun elements any more.
count_left() {
  left=0
  [ -d "$job/begun" ] || return
  local begun=("$job/begun"/*)
  left=$((job_elements - ${#begun[@]}))
}

# Lets workers find the job. Where the disk is full, the next look does it.
enqueue() { { : >>"$state/queue/$job_order.$job_token"; } 2>/dev/null; }

# Writes down how element $2 of the job ended, in the file of $1: class, exit code, signal, and the reason in words.
write_end() { { printf 'end %s %s %s %s mark %s\n' "$2" "$3" "$4" "$5" "$6" >>"$job/ends.$1"; } 2>/dev/null; }

# Reads those lines into ended[element]; of two about one element the first counts, and one without its mark is none.
read_ends() {
  local file word element class code signal mark reason
  ended=()
  for file in "$job"/ends.*; do
    while read -r word element class code signal mark reason; do
      [ "$word.$mark" = end.mark ] || continue
      [ -n "${ended[element]-}" ] || ended[element]="$class $code $signal $reason"
    done <"$file"
  done
}

# Takes element $1 of the job for whoever says so in $2: 0 taken, 1 somebody has it, 2 there is no room to write it down, which is tried
# $3 more times.
take_element() {
  local record=$job/begun/$1 made= wrote= try
  set -C
  { { made=1; printf '%s\n' "$2" && wrote=1; } >"$record"; } 2>/dev/null
  set +C
  if [ -z "$made" ]; then
    [ ! -e "$record" ] && [ -d "$job/begun" ] || return 1
    return 2
  fi
  for ((try = 0; try < $3; try++)); do
    [ -z "$wrote" ] || return 0
    sleep 5
    { printf '%s\n' "$2" >|"$record" && wrote=1; } 2>/dev/null
  done
  # Nothing was begun, and nobody but the maker of a record removes it.
  [ -z "$wrote" ] || return 0
  rm -f -- "$record"
  return 2
}

# Reads the record of element $1 of the job: by (pid, start and boot of its worker), slot, body (pid and start), asked. Fails where it is
# not whole.
read_record() {
  local word a b c d mark rest whole=
  by=() slot= body=() asked=
  while read -r word a b c d mark rest; do
    case $word in
      take) [ "$mark" != mark ] || whole=1 by=("$a" "$b" "$c") slot=$d ;;
      body) [ "$c" != mark ] || body=("$a" "$b") ;;
      asked) [ -n "$asked" ] || asked=$a ;;
    esac
  done 2>/dev/null <"$job/begun/$1"
  [ -n "$whole" ]
}
