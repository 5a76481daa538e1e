#!/bin/bash
# Stands for `ssh` in tests. $WORLD is replaced by the folder of the test: `home` is that of the far side, `calls` counts what was
# started, `trouble` is what a new connection complains about before it ends, `noise` is printed by every login shell.
world='$WORLD'
check= control= background= generate=
while [ "$#" -gt 0 ]; do
  case $1 in
    -o) case $2 in ControlPath=*) control=${2#ControlPath=} control=${control//\"/} ;; esac; shift 2 ;;
    -O) check=1; shift 2 ;;
    -p | -i) shift 2 ;;
    -G) generate=1; shift ;;
    -f) background=1; shift ;;
    --) shift; break ;;
    *) shift ;;
  esac
done
if [ -n "$generate" ]; then
  printf 'host %s\ncontrolpath %s\n' "$1" "$(cat "$world/configured" 2>/dev/null || echo none)"
  exit 0
fi
if [ -n "$check" ]; then
  [ -e "$control" ]
  exit
fi
if [ -n "$background" ]; then
  echo connected >>"$world/calls"
  if [ -e "$world/stuck" ]; then sleep 60; fi
  if [ -e "$world/trouble" ]; then
    cat "$world/trouble" >&2
    exit 255
  fi
  : >"$control"
  exit 0
fi
echo session >>"$world/calls"
if [ ! -e "$control" ]; then
  echo 'Connection closed by UNKNOWN port 65535' >&2
  exit 255
fi
shift
cd "$world/home" || exit 255
export HOME=$world/home
unset LC_ALL
[ ! -e "$world/noise" ] || cat "$world/noise"
[ ! -e "$world/language" ] || export LC_ALL=C.UTF-8
echo $$ >"$world/shell"
exec bash -c "$*"
