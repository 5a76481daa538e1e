# What sweeps of one project left here: run by bash with the folder of hsm's files and the name of the project's folder in it. Prints a line
# each, and `end` when that is all. Nothing is changed, and nothing but coreutils is needed.
shopt -s nullglob
root=$1 project=$1/$2
printf -v now '%(%s)T' -1

# Whether the folder $1 is one that hsm made for this user: a real one, with its marker.
is_ours() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -f "$1/.hsm-made" ] && [ ! -L "$1/.hsm-made" ]; }

# Whether $1 can be a name of anything that hsm made.
is_plain() { case $1 in '' | [.-]* | *[!A-Za-z0-9._-]*) return 1 ;; esac; }

kinds=() folders=()
found() {
  local folder
  for folder in "${@:2}"; do
    if is_plain "${folder##*/}" && is_ours "$folder"; then
      kinds+=("$1") folders+=("$folder")
    else
      printf 'not-ours %s\n' "${folder//[$'\n\t']/?}"
    fi
  done
}

if is_ours "$root"; then
  if is_ours "$project"; then
    [ -L "$project/sweeps" ] || found sweep "$project/sweeps"/*
    [ -L "$project/code" ] || found code "$project/code"/*
  fi
  for folder in "$root"/*/; do
    folder=${folder%/}
    [ "$folder" = "$project" ] || [ "$folder" = "$root/agent" ] || ! is_ours "$folder" || found other "$folder"
  done
fi

# One question for all of them, so that a file that several snapshots share counts once.
declare -A sizes=() changed=()
if [ "${#folders[@]}" != 0 ]; then
  while IFS=$'\t' read -r kib newest folder; do
    sizes[$folder]=$kib changed[$folder]=$newest
  done < <(du -sk --time --time-style=+%s -- "${folders[@]}" 2>/dev/null)
fi
for ((at = 0; at < ${#folders[@]}; at++)); do
  folder=${folders[at]} age=-
  [ -z "${changed[$folder]-}" ] || age=$((now > changed[$folder] ? now - changed[$folder] : 0))
  printf '%s %s %s %s\n' "${kinds[at]}" "${folder##*/}" "${sizes[$folder]:--}" "$age"
  [ "${kinds[at]}" = sweep ] || continue
  for script in "$folder"/jobs/*/job.sh; do
    digest='?'
    while IFS= read -r line; do
      case $line in hsm_workdir=*) ;; *) continue ;; esac
      [[ ! $line =~ /code/([0-9a-f]{32})(/|\'|$) ]] || digest=${BASH_REMATCH[1]}
      break
    done <"$script"
    printf 'uses %s %s\n' "${folder##*/}" "$digest"
  done
done

# What the agent remembers of this project's jobs, whether or not their sweeps are still there.
for spec in "$root"/agent/state/on-*/jobs/*/spec; do
  { read -r _ && IFS= read -r script; } <"$spec" || continue
  [ "${script#"$project/sweeps/"}" != "$script" ] || continue
  script=${script#"$project/sweeps/"} token=${spec%/spec}
  ! is_plain "${script%%/*}" || printf 'record %s %s\n' "${script%%/*}" "${token##*/}"
done
printf 'end\n'
