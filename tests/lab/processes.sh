# Processes of a lab: started in the background, written down, and ended by what was written down and by nothing else. To be sourced by the
# scripts of this folder, which set `here` to that, and `folder` to the lab's own. What is written down is a process id and when that process was started, so that
# an id which the system has given to another process meanwhile is never signalled.

fail() {
    printf '%s\n' "lab: $*" >&2
    exit 1
}

# When a process was started, in the kernel's ticks; nothing where there is none, or only what is left of one.
start_of() {
    # The name stands in brackets and may contain anything, so that fields are counted after it.
    awk '{ sub(/^.*\) /, ""); if ($1 != "Z" && $1 != "X") print $20 }' "/proc/$1/stat" 2>/dev/null || true
}

is_same() { [ -n "$2" ] && [ "$(start_of "$1")" = "$2" ]; }

# launch NAME COMMAND…: starts a process in a session of its own that writes to logs/NAME, and writes it down as NAME.
launch() {
    local name=$1 id
    shift
    setsid "$@" </dev/null >>"$folder/logs/$name" 2>&1 9>&- &
    id=$!
    echo "$id $(start_of "$id")" >"$folder/processes/$name"
}

# lives NAME: whether the process of that name does.
lives() {
    local id start
    read -r id start 2>/dev/null <"$folder/processes/$1" && is_same "$id" "$start"
}

# signal NAME SIGNAL: sends it, where the process lives.
signal() {
    local id start
    if read -r id start 2>/dev/null <"$folder/processes/$1" && is_same "$id" "$start"; then kill -"$2" "$id" 2>/dev/null || true; fi
}

# finish NAME TENTHS: asks it to end, waits that many tenths of a second, then makes it.
finish() {
    local tenths=$2
    signal "$1" TERM
    # One that was stopped cannot hear.
    signal "$1" CONT
    while lives "$1" && [ "$tenths" -gt 0 ]; do
        sleep 0.1
        tenths=$((tenths - 1))
    done
    signal "$1" KILL
    while lives "$1"; do sleep 0.02; done
    rm -f "$folder/processes/$1"
}

# await SECONDS COMMAND…: asks until the command succeeds.
await() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.03
    done
}

# Ports are taken from below those that the system gives away itself, and are marked as taken for as long as the lab's folder exists: labs that
# start at the same time do not see each other listening yet.
ports=${TMPDIR:-/tmp}/hsm-lab-ports.$(id -u)

# claim NAME: marks something as this lab's own; fails where a lab that still exists has it.
claim() {
    local owner
    mkdir -p "$ports"
    owner=$(readlink "$ports/$1" 2>/dev/null || true)
    if [ -n "$owner" ] && [ ! -d "$owner" ]; then rm -f "$ports/$1"; fi
    # A link is made or is not; nobody sees it half made.
    ln -sT "$folder" "$ports/$1" 2>/dev/null
}

free_port() {
    while :; do
        port=$((20000 + RANDOM % 12000))
        if grep -qi ":$(printf '%04x' "$port") " /proc/net/tcp /proc/net/tcp6 2>/dev/null; then continue; fi
        if claim "$port"; then return; fi
    done
}

give_back_ports() { find "$ports" -maxdepth 1 -lname "$folder" -delete 2>/dev/null || true; }

# outlive PID: takes the lab down as soon as that process is gone, so that tests which are killed leave nothing behind.
outlive() {
    local start
    start=$(start_of "$1")
    [ -n "$start" ] || fail "there is no process $1"
    launch owner bash -c '
        . "$1/processes.sh"
        while is_same "$2" "$3"; do sleep 1; done
        rm -f "$5/processes/owner"
        exec "$4" down "$5"' owner "$here" "$1" "$start" "$here/${0##*/}" "$folder"
}

# The processes that have all of these lines in their environment.
with_environment() {
    local environment line
    for environment in /proc/[0-9]*/environ; do
        for line in "$@"; do
            grep -qzxF -- "$line" "$environment" 2>/dev/null || continue 2
        done
        environment=${environment#/proc/}
        echo "${environment%/environ}"
    done
}

# The processes that have a file open whose path matches.
with_open() {
    find /proc/[0-9]*/fd -lname "$1" 2>/dev/null | cut -d/ -f3 | sort -u
}
