# Removes folders of one project: run by bash with the folder of hsm's files, the name of the project's folder in it, `sweeps` or `code`, and
# the names of the folders. Says of each `gone`, or `kept` and why. Only a real folder of this user that has hsm's marker is removed, and
# only where the way to it leads through no symbolic link.
shopt -s nullglob dotglob
way=("$1" "$1/$2" "$1/$2/$3")
within=$1/$2/$3
shift 3

is_own() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; }
is_ours() { is_own "$1" && [ -f "$1/.hsm-made" ] && [ ! -L "$1/.hsm-made" ]; }
kept() { printf 'kept %s %s\n' "$1" "${2//$'\n'/ }"; }

# The marker goes last, so that what is left of a removal that was cut short can still be removed.
empty() {
  local entry
  chmod -R u+rwX -- "$1" || return
  for entry in "$1"/*; do
    [ "$entry" = "$1/.hsm-made" ] || rm -rf --one-file-system -- "$entry" || return
  done
  rm -f -- "$1/.hsm-made" && rmdir -- "$1"
}

for name; do
  folder=$within/$name
  case $name in '' | [.-]* | */*) kept "$name" 'that is no name of a folder of hsm' && continue ;; esac
  if [ ! -e "$folder" ] && [ ! -L "$folder" ]; then
    printf 'gone %s\n' "$name"
  elif ! is_ours "${way[0]}" || ! is_ours "${way[1]}" || ! is_own "${way[2]}" || ! is_ours "$folder"; then
    kept "$name" "$folder was not made by hsm"
  elif words=$(empty "$folder" 2>&1); then
    printf 'gone %s\n' "$name"
  else
    kept "$name" "it could not be removed: ${words##*: }"
  fi
done
printf 'end\n'
