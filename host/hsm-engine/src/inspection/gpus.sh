# The GPUs of a machine, and whose processes are on them. Prints `gpu UUID, INDEX, NAME, MIB, MIB USED, PERCENT` and `on UUID, USER` lines.
type -P nvidia-smi >/dev/null || { printf 'none\n' && exit 0; }
said=$(nvidia-smi --query-gpu=uuid,index,name,memory.total,memory.used,utilization.gpu --format=csv,noheader,nounits) || {
  printf '%s\n' "$said" >&2
  exit 1
}
while IFS= read -r line; do [ -z "$line" ] || printf 'gpu %s\n' "$line"; done <<<"$said"
while IFS=, read -r uuid pid; do
  pid=${pid// /}
  case $pid in '' | *[!0-9]*) continue ;; esac
  user=$(stat -c %U -- "/proc/$pid" 2>/dev/null)
  printf 'on %s, %s\n' "$uuid" "${user:-?}"
done < <(nvidia-smi --query-compute-apps=gpu_uuid,pid --format=csv,noheader,nounits 2>/dev/null)
exit 0
