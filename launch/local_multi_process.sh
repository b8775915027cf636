#!/usr/bin/env bash
# Trains with several processes on this machine; `--help` tells how.
set -u

usage() {
  cat <<'END'
Trains with several processes that join over the loopback interface, all on this machine: to try what a cluster does,
or to give each GPU a process of its own. Run it from the repository's root.

  launch/local_multi_process.sh [options] N [DEVICES] -- flags of maskgan_jax.main

  N               how many processes
  DEVICES         devices of each process, 1 unless given; on a CPU they are made up
  --gpu           NVIDIA GPUs instead of the CPU, DEVICES of them to each process; those that CUDA_VISIBLE_DEVICES
                  names, or all
  --grace=S       after one process has failed, the others have S seconds to end by themselves (30)
  --dry-run       prints the commands, one a process, and starts none
  PYTHON=...      which Python (.venv/bin/python)

Two processes with two CPU devices each, and all of 4 GPUs with a process each:

  launch/local_multi_process.sh 2 2 -- --config=configs/mask_vae.py:quickstart --workdir=runs/two_processes
  launch/local_multi_process.sh --gpu 4 -- --config=configs/ebst.py

Each line of output begins with the number of its process. Ctrl-C and SIGTERM are passed on to all: they save, and the
same command goes on from there. When one process fails, the others are ended.

Exit status: 0 when all are done, 75 when they were interrupted and saved, otherwise that of the first that failed; 2
for an option that is not understood.
END
}

fail() {
  echo "error: $1" >&2
  exit 2
}

prefixed() {  # the lines of process $1, each as a terminal would show it after what a progress bar has overwritten
  trap '' TERM INT HUP
  local line
  while IFS= read -r line || [[ $line ]]; do
    printf '[%s] %s\n' "$1" "${line##*$'\r'}"
  done
}

free_port() {  # below the range from which systems take ports for outgoing connections
  local port
  while port=$((20000 + RANDOM % 12000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

is_count() {
  [[ $1 =~ ^[1-9][0-9]{0,3}$ ]]
}

# What can be wrong, checked before anything starts.
gpu='' grace=30 dry_run=''
while [[ ${1-} == --?* ]]; do
  case $1 in
    --help) usage; exit ;;
    --gpu) gpu=yes ;;
    --grace=*) grace=${1#*=} ;;
    --dry-run) dry_run=yes ;;
    *) fail "unknown option $1; options of maskgan_jax.main go after --; see launch/local_multi_process.sh --help" ;;
  esac
  shift
done
is_count "$grace" || fail "--grace=$grace: give a number of seconds, such as --grace=30"
is_count "${1-}" || fail "N = '${1-}': give a number of processes; see launch/local_multi_process.sh --help"
processes=$1 devices=1
shift
if [[ $# -gt 0 && $1 != -- ]]; then
  is_count "$1" || fail "DEVICES = '$1': give a number of devices for each process"
  devices=$1
  shift
fi
[[ ${1-} == -- && $# -gt 1 ]] || fail "no flags of maskgan_jax.main; give them last: -- --config=configs/ebst.py"
shift
python=${PYTHON:-.venv/bin/python}
[[ -f maskgan_jax/main.py ]] || fail "$PWD: not the repository's root; start it from there"
[[ $(command -v "$python") ]] || fail "no Python at $python; 'make quickstart' makes it, or name one: PYTHON=python3"
if [[ $gpu ]]; then
  listed=${CUDA_VISIBLE_DEVICES-$(nvidia-smi --query-gpu=index --format=csv,noheader 2>/dev/null | tr '\n' ',')}
  IFS=, read -r -a gpus <<<"$listed"
  [[ $((processes * devices)) -le ${#gpus[@]} ]] ||
    fail "$processes processes with $devices GPUs each are more than the ${#gpus[@]} GPUs here; take fewer"
fi

# The command of each process.
address=127.0.0.1:$(free_port)

compose() {  # sets `command` for process $1; the others are the flags of maskgan_jax.main
  local process=$1 taken
  shift
  if [[ $gpu ]]; then
    taken=$(IFS=, && echo "${gpus[*]:process * devices:devices}")
    command=(env "JAX_PLATFORMS=cuda,cpu" "CUDA_VISIBLE_DEVICES=$taken")
  else
    command=(env "JAX_PLATFORMS=cpu"
      "XLA_FLAGS=${XLA_FLAGS:+$XLA_FLAGS }--xla_force_host_platform_device_count=$devices")
  fi
  command+=("$python" -m maskgan_jax.main "$@" "--coordinator_address=$address" "--num_processes=$processes"
    "--process_id=$process")
}

if [[ $dry_run ]]; then
  for ((process = 0; process < processes; process++)); do
    compose "$process" "$@"
    line=$(printf '%q ' "${command[@]}")
    echo "${line% }"
  done
  exit
fi

# Start.
pipes=$(mktemp -d) || exit
trap 'rm -rf "$pipes"' EXIT
pids=() readers=() left=0 stopping=''

tell_all() {
  ((left == 0)) || kill -TERM "${pids[@]}" 2>/dev/null
}

trap 'stopping=yes; tell_all' TERM INT HUP
set -m  # a process group for each, so that Ctrl-C in a terminal reaches only this script, which passes it on once
for ((process = 0; process < processes; process++)); do
  [[ ! $stopping ]] || break
  compose "$process" "$@"
  # Both ends are opened here: a process that is ended before it opens its own would leave its reader waiting.
  mkfifo "$pipes/$process"
  exec 3<>"$pipes/$process"
  exec 4<"$pipes/$process"
  exec 5>"$pipes/$process" 3>&-
  prefixed "$process" <&4 5>&- &
  readers+=($!)
  "${command[@]}" >&5 2>&1 </dev/null 4<&- 5>&- &
  pids+=($!)
  exec 4<&- 5>&-
  left=$((left + 1))
done
set +m

# Watch; by polling, because `wait` for the next of several processes needs a bash that clusters don't have yet.
failure=0 saved='' deadline=''
while ((left > 0)); do
  for process in "${!pids[@]}"; do
    kill -0 "${pids[process]}" 2>/dev/null && continue
    wait "${pids[process]}" 2>/dev/null
    status=$?
    unset "pids[process]"
    left=$((left - 1))
    if ((status == 75)); then
      saved=yes  # so will the others: processes agree on the step they stop at
    elif ((status != 0 && failure == 0)); then
      failure=$status
      deadline=$((SECONDS + grace))
      echo "process $process ended with status $status; ends the others" >&2
      tell_all
    fi
  done
  if [[ $deadline && $left -gt 0 && $SECONDS -gt $deadline ]]; then
    kill -KILL -- "${pids[@]/#/-}" 2>/dev/null  # who waits for a peer that is gone never comes to the end of a step
    deadline=''
  fi
  sleep 0.1
done
wait "${readers[@]}" 2>/dev/null
((failure == 0)) || exit "$failure"
[[ ! $saved ]] || exit 75
