#!/usr/bin/env bash
# Train with several processes on this machine; see --help.
set -u

readonly USAGE_ERROR=2 INTERRUPTED=75 # exit statuses; 75 is that of an interrupted and saved run

usage() {
  cat <<'END'
Train with several processes on this machine, connected through the loopback interface: to test multi-host training
without a cluster, or to run one process per GPU. Run it from the repository's root.

  launch/local_multi_process.sh [options] N [DEVICES] -- flags of maskgan_jax.main

  N               number of processes
  DEVICES         devices per process (default 1); on a CPU these are virtual devices
  --gpu           use NVIDIA GPUs instead of the CPU, DEVICES per process: the GPUs in CUDA_VISIBLE_DEVICES, or all
  --grace=S       after one process has failed, wait S seconds for the others to exit, then kill them (default 30)
  --dry-run       print the command of each process and exit
  PYTHON=...      Python interpreter (default .venv/bin/python)

Two processes with two CPU devices each, and four GPUs with one process each:

  launch/local_multi_process.sh 2 2 -- --config=configs/mask_vae.py:quickstart --workdir=runs/two_processes
  launch/local_multi_process.sh --gpu 4 -- --config=configs/ebst.py

Each line of output starts with the index of its process. Ctrl-C and SIGTERM are forwarded to all processes: they save
a checkpoint, and the same command resumes from it. When one process fails, the others are terminated.

Exit status: 0 when training is complete, 75 when it was interrupted and saved, 2 for a usage error, otherwise the
status of the first process that failed.
END
}

fail() {
  echo "error: $1" >&2
  exit "$USAGE_ERROR"
}

prefixed() {  # print each line of process $1 with its index; of text overwritten by carriage returns, the last
  trap '' TERM INT HUP
  local line
  while IFS= read -r line || [[ $line ]]; do
    printf '[%s] %s\n' "$1" "${line##*$'\r'}"
  done
}

free_port() {  # print a free TCP port below the range of ephemeral ports
  local port
  while port=$((20000 + RANDOM % 12000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

is_count() {
  [[ $1 =~ ^[1-9][0-9]{0,3}$ ]]
}

# Check the arguments before any process starts.
gpu='' grace=30 dry_run=''
while [[ ${1-} == --?* ]]; do
  case $1 in
    --help) usage; exit ;;
    --gpu) gpu=yes ;;
    --grace=*) grace=${1#*=} ;;
    --dry-run) dry_run=yes ;;
    *) fail "unknown option $1; flags of maskgan_jax.main go after --; see launch/local_multi_process.sh --help" ;;
  esac
  shift
done
is_count "$grace" || fail "--grace=$grace: expected a number of seconds, such as --grace=30"
is_count "${1-}" || fail "N='${1-}': expected a number of processes; see launch/local_multi_process.sh --help"
processes=$1 devices=1
shift
if [[ $# -gt 0 && $1 != -- ]]; then
  is_count "$1" || fail "DEVICES='$1': expected a number of devices per process"
  devices=$1
  shift
fi
[[ ${1-} == -- && $# -gt 1 ]] || fail "no flags of maskgan_jax.main; append them: -- --config=configs/ebst.py"
shift
python=${PYTHON:-.venv/bin/python}
[[ -f maskgan_jax/main.py ]] || fail "$PWD is not the repository's root; run the script from there"
[[ $(command -v "$python") ]] || fail "no Python at $python; create it with 'make quickstart', or set PYTHON=python3"
if [[ $gpu ]]; then
  listed=${CUDA_VISIBLE_DEVICES-$(nvidia-smi --query-gpu=index --format=csv,noheader 2>/dev/null | tr '\n' ',')}
  IFS=, read -r -a gpus <<<"$listed"
  [[ $((processes * devices)) -le ${#gpus[@]} ]] ||
    fail "$processes processes with $devices GPUs each need more than the ${#gpus[@]} GPUs available; use fewer"
fi

# Build the command of each process.
address=127.0.0.1:$(free_port)

build_command() {  # set `command` for process $1; the other arguments are flags of maskgan_jax.main
  local process=$1 assigned
  shift
  if [[ $gpu ]]; then
    assigned=$(IFS=, && echo "${gpus[*]:process * devices:devices}")
    command=(env "JAX_PLATFORMS=cuda,cpu" "CUDA_VISIBLE_DEVICES=$assigned")
  else
    command=(env "JAX_PLATFORMS=cpu"
      "XLA_FLAGS=${XLA_FLAGS:+$XLA_FLAGS }--xla_force_host_platform_device_count=$devices")
  fi
  command+=("$python" -m maskgan_jax.main "$@" "--coordinator_address=$address" "--num_processes=$processes"
    "--process_id=$process")
}

if [[ $dry_run ]]; then
  for ((process = 0; process < processes; process++)); do
    build_command "$process" "$@"
    line=$(printf '%q ' "${command[@]}")
    echo "${line% }"
  done
  exit
fi

# Start the processes.
pipes=$(mktemp -d) || exit
trap 'rm -rf "$pipes"' EXIT
pids=() readers=() running=0 stopping=''

terminate_all() {
  ((running == 0)) || kill -TERM "${pids[@]}" 2>/dev/null
}

trap 'stopping=yes; terminate_all' TERM INT HUP
set -m  # one process group each: Ctrl-C in a terminal signals only this script, which forwards it once
for ((process = 0; process < processes; process++)); do
  [[ ! $stopping ]] || break
  build_command "$process" "$@"
  # Open both ends here: the reader of a process that exits before it opens its end would block forever.
  mkfifo "$pipes/$process"
  exec 3<>"$pipes/$process"
  exec 4<"$pipes/$process"
  exec 5>"$pipes/$process" 3>&-
  prefixed "$process" <&4 5>&- &
  readers+=($!)
  "${command[@]}" >&5 2>&1 </dev/null 4<&- 5>&- &
  pids+=($!)
  exec 4<&- 5>&-
  running=$((running + 1))
done
set +m

# Wait for the processes by polling: `wait -n -p`, which returns the one that exited, needs Bash 5.1.
failure=0 saved='' deadline=''
while ((running > 0)); do
  for process in "${!pids[@]}"; do
    kill -0 "${pids[process]}" 2>/dev/null && continue
    wait "${pids[process]}" 2>/dev/null
    status=$?
    unset "pids[process]"
    running=$((running - 1))
    if ((status == INTERRUPTED)); then
      saved=yes  # the others exit too: all processes agree on the step at which they stop
    elif ((status != 0 && failure == 0)); then
      failure=$status
      deadline=$((SECONDS + grace))
      echo "process $process exited with status $status; terminating the others" >&2
      terminate_all
    fi
  done
  if [[ $deadline && $running -gt 0 && $SECONDS -gt $deadline ]]; then
    kill -KILL -- "${pids[@]/#/-}" 2>/dev/null  # a process that waits for a dead peer in a collective never exits
    deadline=''
  fi
  sleep 0.1
done
wait "${readers[@]}" 2>/dev/null
((failure == 0)) || exit "$failure"
[[ ! $saved ]] || exit "$INTERRUPTED"
