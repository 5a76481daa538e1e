
# --- Requests. Each prints lines that begin with `hsm-agent 1`, and says with the last of them that it said everything. ---

verb_describe() {
  open_state "$1"
  say "ready $host"
}

# submit STATE TOKEN SCRIPT LOG ELEMENTS SLOTS WALLTIME_S GRACE_S GPUS_EACH [GPU…]
verb_submit() {
  local number words
  open_state "$1"
  is_token "$2" || refuse arguments "\`$2\` is no token"
  for number in "${@:5}"; do is_number "$number" || refuse arguments "\`$number\` is no number"; done
  if ! load_job "$2"; then
    [ -r "$3" ] || refuse script "the script $3 cannot be read"
    words=$(mkdir -p -- "$state/jobs/$2/begun" 2>&1) || refuse no-room "the job's folder could not be made: ${words##*: }"
    clock
    local gpus="${*:10}"
    publish "$state/jobs/$2/spec" "$5 $6 $7 $8 $9 $now_ms ${gpus// /,}
$3
$4
end"
    [ "$?" != 2 ] || refuse no-room "the job could not be written down: $words"
    load_job "$2" || refuse no-room "the job could not be read back"
  fi
  count_left
  [ "$left" -le 0 ] || enqueue
  start_workers
  load_job "$2"
  say "accepted $2 $job_elements"
}

verb_recover() {
  open_state "$1"
  if load_job "$2"; then
    say "accepted $2 $job_elements"
  else
    unknown "$2"
  fi
}

# No job of this token here. On another machine that shares this folder it may be.
unknown() {
  local other
  for other in "$base"/on-*/jobs/"$1"/spec; do
    other=${other#"$base"/on-} other=${other%%/*}
    [ "$other" = "$host" ] || refuse elsewhere "the job $1 is on $other, and this is $host"
  done
  say "unknown $1"
}

# Numbers that come in order, as ranges: $ranges.
add_to_ranges() {
  if [ -n "$range_first" ] && [ "$1" = $((range_last + 1)) ]; then
    range_last=$1
    return
  fi
  end_range
  range_first=$1 range_last=$1
}
end_range() {
  case $range_first in
    '') ;;
    "$range_last") ranges=${ranges:+$ranges,}$range_first ;;
    *) ranges=${ranges:+$ranges,}$range_first-$range_last ;;
  esac
  range_first= range_last=
}
say_ranges() {
  end_range
  [ -z "$ranges" ] || say "$1 $job_token $ranges"
  ranges=
}

# Whether the maker of the record $1, which is not whole, may live: every worker there is that did not come later than it.
may_be_written() {
  local file slot
  for file in "$state/slots"/*.*; do
    slot=${file##*/}
    look_at_slot "${slot%.*}"
    [ "$holder" != live ] || [ "$1" -ot "$file" ] || return 0
  done
  return 1
}

# What a record without an end means: says `running`, or settles it. Only what nobody can change any more is settled.
settle() {
  local element=$1 mark why signal=9
  local by=() slot= body=() asked=
  if ! read_record "$element"; then
    if may_be_written "$job/begun/$element"; then
      say "running $job_token $element 0"
      return
    fi
    why="it was about to begin when its worker was killed"
  elif [ "$slot" = cancel ]; then
    asked=cancel signal=0 why="cancelled before it began"
  else
    mark_of_element "$job_token" "$element"
    if lives "${by[@]}"; then
      say "running $job_token $element ${by[0]}"
      return
    fi
    gather "$mark" "$([ "${#body[@]}" = 0 ] || ! lives "${body[@]}" "${by[2]}" || printf '%s' "${body[0]}")"
    if [ "${#members[@]}" != 0 ]; then
      say "running $job_token $element ${by[0]}"
      return
    fi
    why="$host was restarted while it ran"
    [ "${by[2]}" != "$boot" ] || why="its worker on $host was killed, and nothing of it is left"
  fi
  # Its worker may have ended, and written how, since the ends were read.
  read_ends
  if [ -z "${ended[$element]-}" ]; then
    write_end look "$element" "${asked:-none}" 0 "$signal" "$why"
    ended[element]="${asked:-none} 0 $signal $why"
  fi
  say "over $job_token $element ${ended[$element]}"
}

look_at_job() {
  local element ranges= range_first= range_last= waiting=() completed=() word=waiting entry
  local -a ended=()
  load_job "$1" || { unknown "$1" && return; }
  [ ! -e "$job/cancelled" ] || keep_from_beginning
  read_ends
  for ((element = 0; element < job_elements; element++)); do
    if [ -n "${ended[element]-}" ]; then
      case ${ended[element]} in
        "none 0 0 "*) completed+=("$element") ;;
        *) say "over $1 $element ${ended[element]}" ;;
      esac
    elif [ -e "$job/begun/$element" ]; then
      settle "$element"
    else
      waiting+=("$element")
    fi
  done
  for element in "${completed[@]}"; do add_to_ranges "$element"; done
  say_ranges completed
  [ ! -e "$job/held" ] || word=held
  for element in "${waiting[@]}"; do add_to_ranges "$element"; done
  say_ranges "$word"
  [ "${#waiting[@]}" = 0 ] || enqueue
}

verb_look() {
  local token
  open_state "$1"
  shift
  for token in "$@"; do look_at_job "$token"; done
  start_workers
  say "looked $# $host"
}

# Keeps the elements of the job from beginning: those named, or all. Fails where there is no room to write that down.
keep_from_beginning() {
  local element some=("$@") status=0
  [ "$#" != 0 ] || for ((element = 0; element < job_elements; element++)); do some+=("$element"); done
  clock
  for element in "${some[@]}"; do
    [ ! -e "$job/begun/$element" ] || continue
    take_element "$element" "take $$ - $boot cancel mark $now_ms" 0
    case $? in
      0) write_end cancel "$element" cancel 0 0 'cancelled before it began' ;;
      2) status=1 ;;
    esac
  done
  return "$status"
}

# cancel STATE JOB…, each a token, or a token and elements: `TOKEN:3,5-9`
verb_cancel() {
  local each words
  open_state "$1"
  for each in "${@:2}"; do
    load_job "${each%%:*}" || { unknown "${each%%:*}" && continue; }
    case $each in
      *:*) cancel_some ${each#*:} ;;
      *)
        words=$({ : >>"$job/cancelled"; } 2>&1) || refuse no-room "the cancellation could not be written down: ${words##*: }"
        cancel_some "0-$((job_elements - 1))"
        ;;
    esac
    say "cancelled $job_token"
  done
}

cancel_some() {
  local span element kept some=() ended=() by slot body asked
  for span in ${1//,/ }; do
    is_number "${span%-*}" && is_number "${span#*-}" || refuse arguments "\`$span\` names no elements"
    for ((element = ${span%-*}; element <= ${span#*-} && element < job_elements; element++)); do some+=("$element"); done
  done
  keep_from_beginning "${some[@]}"
  kept=$?
  read_ends
  for element in "${some[@]}"; do
    [ -z "${ended[element]}" ] && read_record "$element" && [ "$slot" != cancel ] || continue
    start_stop "$element"
  done
  [ "$kept" = 0 ] || refuse no-room "that elements of $job_token are cancelled could not be written down"
}

# Stops element $1 of the job in a process of its own, which goes on when this one has answered.
start_stop() {
  (
    set -m
    trap '' HUP
    exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    env -u "$MARK" bash "$agent" stop "$base" "$job_token" "$1" cancel </dev/null >>"$log" 2>&1 &
  )
}

verb_stop() {
  open_state "$1"
  stop_element "$2" "$3" "$4"
}

verb_hold() {
  local token words
  open_state "$1"
  for token in "${@:2}"; do
    load_job "$token" || { unknown "$token" && continue; }
    words=$({ : >>"$job/held"; } 2>&1) || refuse no-room "it could not be written down: ${words##*: }"
    say "held $token"
  done
}

verb_release() {
  local token
  open_state "$1"
  for token in "${@:2}"; do
    load_job "$token" || { unknown "$token" && continue; }
    rm -f -- "$job/held"
    say "released $token"
  done
  start_workers
}

# forget STATE TOKEN…: removes what is remembered of jobs that are over. Of one that is not, everything stays.
verb_forget() {
  local token
  open_state "$1"
  rm -rf -- "$state"/drafts/forgotten.*
  for token in "${@:2}"; do
    is_token "$token" || refuse arguments "\`$token\` is no token"
    load_job "$token" || { unknown "$token" && continue; }
    if is_over && forget_job; then say "forgotten $token"; else say "kept $token"; fi
  done
  say "done $(($# - 1))"
}

# Whether every element of the job has ended, and nothing of any of them lives.
is_over() {
  local element mark
  local -a ended=() members=() seeds=()
  read_ends
  for ((element = 0; element < job_elements; element++)); do [ -n "${ended[element]-}" ] || return 1; done
  # The marks of its elements begin alike.
  mark=";$state;$job_token;"
  gather "$mark" ''
  [ "${#members[@]}" = 0 ]
}

# What is half removed would look like a job whose elements are still to begin, so it leaves in one step.
forget_job() {
  local aside=$state/drafts/forgotten.$job_token
  [ ! -L "$job" ] && mv -T -- "$job" "$aside" && rm -f -- "$state"/queue/*."$job_token" && rm -rf -- "$aside"
}

agent=${BASH_SOURCE[0]}
case ${1-} in
  describe | submit | recover | look | cancel | stop | hold | release | forget | work) "verb_$1" "${@:2}" ;;
  *) refuse arguments "there is no request \`${1-}\`" ;;
esac
exit
