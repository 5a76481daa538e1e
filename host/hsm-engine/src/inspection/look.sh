# How a machine is: run there by bash, with the folder of hsm's files, the Python and the conda environment that tasks are to have; each
# may be empty. Prints a line each: a word, a space, and what there is to say. Nothing is made, and nothing but coreutils is needed.
root=$1 python=$2 conda=$3

say() { printf '%s %s\n' "$1" "${2//$'\n'/ }"; }

expand() {
  path=$1
  case $path in '~' | '~/'*) path=$HOME${path#'~'} ;; esac
  local user=${USER:-$(id -un)}
  path=${path//'${HOME}'/$HOME} path=${path//'$HOME'/$HOME}
  path=${path//'${USER}'/$user} path=${path//'$USER'/$user}
}

say shell "${SHELL-}"
say bash "$BASH_VERSION"
say hostname "$(uname -n)"
boot=
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
say boot "$boot"
say processors "$(nproc)"
load=
{ read -r load _ </proc/loadavg; } 2>/dev/null
say load "$load"
if type -P rsync >/dev/null; then
  version=$(rsync --version 2>/dev/null)
  say rsync "${version%%$'\n'*}"
fi

# The folder of hsm's files need not be there yet: its disk is that of the nearest folder above it.
expand "$root"
say root "$path"
if [ -L "$path" ]; then
  say state symlink
elif [ ! -e "$path" ]; then
  say state absent
elif [ ! -d "$path" ]; then
  say state file
elif [ ! -O "$path" ]; then
  say state foreign
else
  say state there
fi
above=$path
while [ ! -d "$above" ] && [ "${above%/*}" != "$above" ]; do above=${above%/*}; done
above=${above:-/}
[ -w "$above" ] || say closed "$above"
while read -r _ total _ free _; do sizes="$total $free"; done < <(df -Pk -- "$above" 2>/dev/null)
say disk "${sizes-}"

# Login shells set conda up where other shells do not, so it is looked for where its installers put it too.
if [ -n "$conda" ]; then
  for prefix in "$conda" {"${CONDA_EXE%/bin/conda}","$HOME"/{miniforge3,mambaforge,miniconda3,anaconda3},/opt/{conda,miniconda3,miniforge3}}"/envs/$conda"; do
    case $prefix in /*) [ ! -x "$prefix/bin/python" ] || { say conda "$prefix" && break; } ;; esac
  done
fi
found=$(type -P -- "${python:-python3}")
if [ -n "$found" ]; then
  version=$("$found" --version 2>&1)
  say python "$found ${version#Python }"
fi

# Every process of a task has in its environment which one it belongs to.
declare -A tasks=()
for file in /proc/[0-9]*/environ; do
  [ -r "$file" ] || continue
  while IFS= read -r -d '' line; do
    case $line in HSM_AGENT_TASK=*) tasks[$line]=1 ;; esac
  done 2>/dev/null <"$file"
done
say tasks "${#tasks[@]}"
