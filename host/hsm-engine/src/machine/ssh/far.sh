# The far side of a session: sent to a bash over there before anything else is asked of it. A request is one call of hsm_answer; what it
# answers is framed by lines that begin with a nonce, so that nothing anybody prints can be taken for an answer. Only bash and coreutils
# are used, no file is written but those that are asked for, and an error is a line on standard error that goes into the answer.

shopt -s nullglob
shopt -u patsub_replacement 2>/dev/null
# What bash itself compares and counts are bytes; the programs that hand in jobs get what the login shell had.
hsm_had_language=${LC_ALL+yes} hsm_language=${LC_ALL-}
declare +x LC_ALL
LC_ALL=C
exec 3>&1 4<&0
declare -A hsm_told=()
hsm_watched=() hsm_sweep=

hsm_frame() { printf '\n%s %s %s\n' "$hsm_nonce" "$hsm_number" "$1"; }

# hsm_answer NUMBER FUNCTION ARGUMENT...: what the function writes, what it complains about, what is new in the watched folders, its code.
hsm_answer() {
  local said code
  hsm_number=$1
  shift
  hsm_frame begin
  said=$({ "$@" 2>&1 1>&3 3>&- </dev/null; })
  code=$?
  hsm_frame said
  printf '%s' "${said:0:65536}"
  hsm_frame news
  hsm_news 2>/dev/null
  hsm_frame "end $code"
}

# Milliseconds since 1970.
hsm_now() {
  if [ -n "${EPOCHREALTIME-}" ]; then
    local part=${EPOCHREALTIME#*[.,]}
    hsm_ms=${EPOCHREALTIME%[.,]*}${part:0:3}
  else
    hsm_ms=$(date +%s%3N)
  fi
}

hsm_greet() { printf '%s\n' "$BASH_VERSION"; }

# A remark about how a command ended, which no command could have written.
hsm_remark() { printf '\n%s remark %s\n' "$hsm_nonce" "$1" >&2; }

# hsm_run SECONDS HANDS_IN HAS_INPUT INPUT PROGRAM ARGUMENT...
hsm_run() {
  local limit=$1 hands_in=$2 has_input=$3 input=$4 code began=$SECONDS
  shift 4
  if ! type -P -- "$1" >/dev/null; then
    hsm_remark not-started
    return 127
  fi
  (
    exec 4<&-
    if [ "$hands_in" = 0 ]; then
      export LC_ALL=C TZ=UTC
    elif [ -n "$hsm_had_language" ]; then
      export LC_ALL="$hsm_language"
    fi
    if [ "$has_input" = 1 ]; then
      printf '%s' "$input" | timeout -k 5 "$limit" "$@"
    else
      exec timeout -k 5 "$limit" "$@"
    fi
  )
  code=$?
  case $code in
    124 | 137) [ $((SECONDS - began)) -lt "$limit" ] || hsm_remark timed-out ;;
  esac
  return "$code"
}

# What is new of the claims and ends of the watched submissions: a line `KIND TOKEN TASK BYTES`, and so many bytes. What is whole is told
# once; an end that is still being written is told whenever it has grown, and not before it says whose it is: on a full disk there may be no more
# than its name.
hsm_news() {
  local token kind file task text key
  for token in "${hsm_watched[@]}"; do
    for kind in claims ends; do
      for file in "$hsm_sweep/jobs/$token/$kind"/*; do
        task=${file##*/} key="$token $kind ${file##*/}"
        case $task in *[!0-9]*) continue ;; esac
        [ "${hsm_told[$key]-}" != whole ] && [ -f "$file" ] && [ ! -L "$file" ] || continue
        text=
        { IFS= read -r -d '' text <"$file"; } 2>/dev/null
        case $kind,$text in
          claims,*$'\n'* | ends,*' mark=end'*) hsm_told[$key]=whole ;;
          *,*$'\n'*)
            [ "${hsm_told[$key]-}" != "${#text}" ] || continue
            hsm_told[$key]=${#text}
            ;;
          *) continue ;;
        esac
        printf '%s %s %s %s\n%s' "$kind" "$token" "$task" "${#text}" "$text"
      done
    done
  done
}

# Expands what a path may begin with, once; the result is $hsm_path.
hsm_expand() {
  hsm_path=$1
  case $hsm_path in '~' | '~/'*) hsm_path=$HOME${hsm_path#'~'} ;; esac
  local user=${USER:-$(id -un)}
  hsm_path=${hsm_path//'${HOME}'/$HOME}
  hsm_path=${hsm_path//'$HOME'/$HOME}
  hsm_path=${hsm_path//'${USER}'/$user}
  hsm_path=${hsm_path//'$USER'/$user}
  while [ "$hsm_path" != / ] && [ "${hsm_path%/}" != "$hsm_path" ]; do hsm_path=${hsm_path%/}; done
  case $hsm_path in
    *'$'*) printf 'the path %s has a variable other than $HOME and $USER\n' "$hsm_path" >&2 && return 1 ;;
    / | "$HOME") printf 'the path %s cannot be a folder of hsm\n' "$hsm_path" >&2 && return 1 ;;
    /*) ;;
    *) printf 'the path %s is not absolute\n' "$hsm_path" >&2 && return 1 ;;
  esac
}

# hsm_usable PATH KIND: whether the folder may be used, or made. `any` may be somebody's own folder of before, `ours` has to have the marker or
# be empty.
hsm_usable() {
  local path=$1 kind=$2 there
  if [ -L "$path" ]; then
    printf 'the folder %s is a symbolic link\n' "$path" >&2
    return 1
  fi
  [ -e "$path" ] || return 0
  if [ ! -d "$path" ]; then
    printf '%s is no folder\n' "$path" >&2
    return 1
  fi
  if [ ! -O "$path" ]; then
    printf 'the folder %s belongs to somebody else\n' "$path" >&2
    return 1
  fi
  [ "$kind" = ours ] && [ ! -f "$path/.hsm-made" ] || return 0
  there=("$path"/* "$path"/.[!.]* "$path"/..?*)
  [ "${#there[@]}" -gt 0 ] || return 0
  printf 'the folder %s was not made by hsm\n' "$path" >&2
  return 1
}

# hsm_own PATH KIND TEXT: makes the folder with its marker, or finds it usable. Somebody's own folder of before gets no marker.
hsm_own() {
  local path=$1 there
  hsm_usable "$path" "$2" || return
  [ ! -f "$path/.hsm-made" ] || return 0
  if [ -e "$path" ]; then
    there=("$path"/* "$path"/.[!.]* "$path"/..?*)
    [ "${#there[@]}" = 0 ] || return 0
  else
    mkdir -p -m 0700 -- "$path" || return
  fi
  printf '%s\n' "$3" >"$path/.hsm-made"
}

# hsm_place ROOT PROJECT SWEEP OF: makes the sweep's folder and says where it is, whose, and what time it is.
hsm_place() {
  local root of="This folder was made by hsm for $4. hsm removes it when it is asked to clean up."
  hsm_expand "$1" && root=$hsm_path || return
  hsm_own "$root" any "$of" && hsm_own "$root/$2" ours "$of" || return
  local sweep=$root/$2/sweeps/$3
  [ ! -L "$root/$2/sweeps" ] && hsm_own "$sweep" ours "$of" && mkdir -p -- "$sweep/jobs" "$sweep/tasks" || return
  hsm_now
  printf '%s\n%s\n%s\n' "$(id -un)" "$hsm_ms" "$root"
}

# Takes the next $1 bytes of the session's input into the file $2, or away: they must never be read as commands.
hsm_take_bytes() {
  head -c "$1" <&4 | { { cat >"$2"; } || { code=$?; cat >/dev/null; exit "$code"; }; }
  local codes=("${PIPESTATUS[@]}")
  [ "${codes[0]}" = 0 ] || { kill -KILL "$$"; return 1; }
  [ "${codes[1]}" = 0 ] || return
  [ "$2" = /dev/null ] || [ "$(stat -c %s -- "$2")" = "$1" ]
}

# hsm_deliver TOKEN (NAME BYTES)...: a submission's files, the last of which appears only when all are there.
hsm_deliver() {
  local folder=$hsm_sweep/jobs/$1 worst=0 name
  shift
  mkdir -p -- "$folder/claims" "$folder/ends" "$folder/chunks" "$hsm_sweep/tasks" || worst=1
  while [ "$#" -gt 0 ]; do
    name=$folder/$1
    [ "$#" -gt 2 ] || name=$name.part
    hsm_take_bytes "$2" "$name" || worst=1
    shift 2
  done
  [ "$worst" = 0 ] && mv -f -- "$name" "${name%.part}"
}

# hsm_put FOLDER NAME BYTES OF: one file, whole, in a folder of hsm's below the root.
hsm_put() {
  local root=$1 folder=$2 name=$3 bytes=$4 worst=0
  hsm_expand "$root" && root=$hsm_path && hsm_own "$root" any "$5" && hsm_own "$root/$folder" ours "$5" || worst=1
  if [ "$worst" = 1 ]; then
    hsm_take_bytes "$bytes" /dev/null
    return 1
  fi
  hsm_take_bytes "$bytes" "$root/$folder/$name.part" && mv -f -- "$root/$folder/$name.part" "$root/$folder/$name" || return
  printf '%s\n' "$root/$folder/$name"
}

# hsm_take TOKEN MS FIRST LAST...: takes the claims of these tasks, and says which were to be had.
hsm_take() {
  local folder=$hsm_sweep/jobs/$1 at=$2 task line
  shift 2
  mkdir -p -- "$folder/claims" || return
  set -C
  while [ "$#" -gt 0 ]; do
    for ((task = $1; task <= $2; task++)); do
      if { : >"$folder/claims/$task"; } 2>/dev/null; then
        if [ -e "$folder/ends/$task" ]; then
          rm -f -- "$folder/claims/$task"
        elif printf 'claim task=%s node=(driver) job=- nonce=- at_ms=%s\n' "$task" "$at" >>"$folder/claims/$task"; then
          printf '%s\n' "$task"
        else
          rm -f -- "$folder/claims/$task"
          return 1
        fi
      elif [ -e "$folder/claims/$task" ]; then
        line=
        { IFS= read -r line <"$folder/claims/$task"; } 2>/dev/null
        case $line in *' node=(driver) '*) printf '%s\n' "$task" ;; esac
      else
        printf 'the claim of task %s could not be made in %s/claims\n' "$task" "$folder" >&2
        return 1
      fi
    done
    shift 2
  done
}

# hsm_set_aside (TASK ATTEMPT)...: moves results and logs of an attempt into a folder of their own; everything else stays.
hsm_set_aside() {
  local folder aside file name free number
  while [ "$#" -gt 0 ]; do
    folder=$hsm_sweep/tasks/task_$1 aside=$hsm_sweep/tasks/task_$1/attempt_$2
    shift 2
    [ -d "$folder" ] && [ ! -L "$folder" ] || continue
    for file in "$folder"/stdout.log "$folder"/stderr.log "$folder"/results.json "$folder"/metrics.json "$folder"/*.jsonl "$folder"/*.csv; do
      [ -e "$file" ] || [ -L "$file" ] || continue
      case $file in
        *.json) ;;
        *) [ ! -d "$file" ] || [ -L "$file" ] || continue ;;
      esac
      [ ! -L "$aside" ] && mkdir -p -- "$aside" || return
      name=${file##*/} free=${file##*/} number=2
      while [ -e "$aside/$free" ] || [ -L "$aside/$free" ]; do
        free=$name.$number number=$((number + 1))
      done
      mv -- "$file" "$aside/$free" || return
    done
  done
}

# hsm_digests (FIRST LAST)...: every regular file in the folders of these tasks, as `DIGEST  PATH` and `BYTES PATH`, each with a NUL.
hsm_digests() {
  cd -- "$hsm_sweep/tasks" || return
  shopt -s globstar dotglob
  local task path files=()
  while [ "$#" -gt 0 ]; do
    for ((task = $1; task <= $2; task++)); do
      [ -d "task_$task" ] && [ ! -L "task_$task" ] || continue
      for path in "task_$task"/**; do
        [ -f "$path" ] && [ ! -L "$path" ] || continue
        files+=("$path")
        [ "${#files[@]}" -lt 500 ] || { hsm_digest "${files[@]}" && files=(); }
      done
    done
    shift 2
  done
  [ "${#files[@]}" = 0 ] || hsm_digest "${files[@]}"
}

hsm_digest() {
  stat --printf 'size %s %n\0' -- "$@"
  sha256sum -z -- "$@"
  :
}

# hsm_outlook ROOT PROJECT SWEEP: what hsm_place would say, and nothing is made.
hsm_outlook() {
  hsm_expand "$1" && hsm_usable "$hsm_path" any || return
  hsm_usable "$hsm_path/$2" ours && hsm_usable "$hsm_path/$2/sweeps/$3" ours || return
  hsm_now
  printf '%s\n%s\n%s\n' "$(id -un)" "$hsm_ms" "$hsm_path"
}

# hsm_code PROJECT DIGEST OF: whether that snapshot is there; where it is not, a folder to bring it to, and which snapshot is the newest.
hsm_code() {
  local marker newest=
  [ ! -L "$1/code" ] && mkdir -p -- "$1/code" || return
  if [ -f "$1/code/$2/.hsm-made" ] && [ ! -L "$1/code/$2" ]; then
    # Whoever cleans up leaves what was just asked for.
    touch -c -- "$1/code/$2/.hsm-made"
    printf 'there\n'
  else
    hsm_own "$1/code/new-$2" ours "This folder was made by hsm for $3. hsm removes it when it is asked to clean up." || return
    for marker in "$1"/code/[0-9a-f]*/.hsm-made; do
      if [ -z "$newest" ] || [ "$marker" -nt "$newest" ]; then newest=$marker; fi
    done
    newest=${newest%/*}
    printf 'newest %s\n' "${newest##*/}"
  fi
}

# hsm_code_done PROJECT DIGEST: what was brought gets its name, unless somebody else was first.
hsm_code_done() {
  mv -T -- "$1/code/new-$2" "$1/code/$2" 2>/dev/null || [ -f "$1/code/$2/.hsm-made" ]
}

# hsm_discard FOLDER: removes a folder that hsm made, and nothing else.
hsm_discard() {
  [ -e "$1" ] || return 0
  if [ -L "$1" ] || [ ! -O "$1" ] || [ ! -f "$1/.hsm-made" ] || [ -L "$1/.hsm-made" ]; then
    printf 'the folder %s was not made by hsm\n' "$1" >&2
    return 1
  fi
  # Snapshots are read-only, and so may be what tasks left.
  chmod -R u+rwX -- "$1" && rm -rf -- "$1"
}

# hsm_python KIND NAME: the path of the Python that is meant.
hsm_python() {
  local hsm_path=$2
  case $1 in
    conda) hsm_conda "$2" ;;
    interpreter)
      case $2 in */* | '~'*) hsm_expand "$2" || return ;; esac
      type -P -- "$hsm_path" && return
      printf 'there is no interpreter %s\n' "$hsm_path" >&2
      return 1
      ;;
    *)
      type -P -- "$2" || type -P python && return
      printf 'there is no %s on the PATH\n' "$2" >&2
      return 1
      ;;
  esac
}

# The Python of a conda environment. Of several installations it is the one that has the environment.
hsm_conda() {
  local place places=() exe=${CONDA_EXE-}
  case $1 in
    */* | '~'*) hsm_expand "$1" && places=("$hsm_path") || return ;;
    *)
      for place in "${exe%/bin/conda}" "$HOME"/{miniforge3,mambaforge,miniconda3,anaconda3,micromamba,.conda} \
        /opt/{conda,miniforge3,miniconda3,anaconda3}; do
        [ -z "$place" ] || { [ "$1" = base ] && places+=("$place"); } || places+=("$place/envs/$1")
      done
      ;;
  esac
  for place in "${places[@]}"; do
    if [ -x "$place/bin/python" ]; then
      printf '%s\n' "$place/bin/python"
      return
    fi
  done
  printf 'there is no conda environment %s; looked for %s\n' "$1" "${places[*]}" >&2
  return 1
}

# hsm_archive SWEEP ARCHIVE PROJECT ID: copies a sweep's folder into the archive, and says where it is. What an earlier copy has is not
# copied again; nothing that is there already is removed.
hsm_archive() {
  hsm_expand "$2" || return
  local to=$hsm_path/$3/$4
  mkdir -p -- "$to" || return
  rsync --recursive --links --times --perms --partial -- "$1/" "$to/" >&2 || return
  printf '%s\n' "$to"
}
