#!/usr/bin/env bash
# Trains on a slice of a TPU pod; `--help` tells how.
set -eu -o pipefail

usage() {
  cat <<'END'
Trains on a slice of a Google Cloud TPU pod. Run it from the repository's root; it needs gcloud, signed in, with a
project that has a TPU quota.

  launch/tpu_pod.sh COMMAND [options] [-- flags of maskgan_jax.main]

  create    asks for a slice, or takes the one of that name if it is there
  install   copies the repository to all workers and installs it there with the extra `tpu`
  run       starts training on all workers, in the background: it goes on when the connection is gone
  logs      shows what worker 0 prints, until the run ends or Ctrl-C
  stop      lets the run save, and waits for it; `run` with the same flags goes on from there
  delete    gives the slice back; what is on its disks is gone
  up        create, install, run

  --name=NAME              the slice's name                           (or TPU_NAME)
  --zone=ZONE              such as us-central2-b                      (or ZONE)
  --project=PROJECT        gcloud's default unless given              (or PROJECT_ID)
  --accelerator-type=TYPE  create: such as v4-8, v5p-16, v6e-8        (or ACCELERATOR_TYPE)
  --version=VERSION        create: runtime; Google's for the type     (or RUNTIME_VERSION)
  --spot                   create: cheaper, may be taken back at any time, and its disks with it: use --share
  --ref=REF                install: a git commit, branch or tag; else the files as they are here, committed or not
  --share=SERVER:/PATH     install: an NFS export, such as Filestore's, where data/ and runs/ shall be
  --dry-run                prints the commands, to be pasted, and runs none

A slice of several hosts needs --share: every host reads the data and writes its part of each checkpoint. On a slice of
one host (v4-8, v5p-8, v6e-8) data/ and runs/ are in ~/maskgan_jax on its disk. Every command can be given again.

  export TPU_NAME=maskgan ZONE=us-central2-b
  launch/tpu_pod.sh create --accelerator-type=v4-32
  launch/tpu_pod.sh install --share=10.0.0.2:/vol1
  launch/tpu_pod.sh run -- --config=configs/mask_vae.py --config.batch_size=32
  launch/tpu_pod.sh logs

then configs/dense_mapping.py, then configs/ebst.py. These two read VGG19's weights; workers have no PyTorch, so turn them
into a folder here and copy it to runs/ there: python -m maskgan_jax.interop.import_torch --kind=vgg19 vgg19.pth runs/vgg19

  launch/tpu_pod.sh run -- --config=configs/ebst.py --config.batch_size=32 --config.init.vgg19=runs/vgg19
END
}

fail() {
  echo "error: $1" >&2
  exit 2
}

# What can be wrong, checked before anything runs.
known="create, install, run, logs, stop, delete, up"
name=${TPU_NAME-} zone=${ZONE-} project=${PROJECT_ID-} accelerator=${ACCELERATOR_TYPE-} version=${RUNTIME_VERSION-}
spot='' ref='' share='' dry_run=''
action=${1-}
case $action in
  --help) usage; exit ;;
  create | install | run | logs | stop | delete | up) shift ;;
  '') fail "no command; give one of $known; see launch/tpu_pod.sh --help" ;;
  *) fail "unknown command '$action'; give one of $known; see launch/tpu_pod.sh --help" ;;
esac
while [[ $# -gt 0 && $1 != -- ]]; do
  case $1 in
    --help) usage; exit ;;
    --name=*) name=${1#*=} ;;
    --zone=*) zone=${1#*=} ;;
    --project=*) project=${1#*=} ;;
    --accelerator-type=*) accelerator=${1#*=} ;;
    --version=*) version=${1#*=} ;;
    --spot) spot=yes ;;
    --ref=*) ref=${1#*=} ;;
    --share=*) share=${1#*=} ;;
    --dry-run) dry_run=yes ;;
    *) fail "unknown option '$1'; write --option=value, and flags of maskgan_jax.main after --" ;;
  esac
  shift
done
[[ $# -eq 0 ]] || shift

starts() { [[ $action == "$1" || $action == up ]]; }

[[ -f maskgan_jax/main.py ]] || fail "$PWD: not the repository's root; start it from there"
[[ $dry_run || $(command -v gcloud) ]] || fail "no gcloud; install the Google Cloud CLI and sign in: gcloud auth login"
[[ $name ]] || fail "no name of a slice; give --name=NAME or set TPU_NAME"
[[ $name =~ ^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$ ]] ||
  fail "--name=$name: take small letters, digits and hyphens, a letter first"
[[ $zone ]] || fail "no zone; give --zone=ZONE or set ZONE, such as us-central2-b"
[[ $zone =~ ^[a-z]+-[a-z]+[0-9]+-[a-z]$ ]] || fail "--zone=$zone: give a zone such as us-central2-b"
if starts create; then
  [[ $accelerator ]] || fail "no accelerator type; give --accelerator-type=TYPE or set ACCELERATOR_TYPE, such as v4-8"
  [[ $accelerator =~ ^[a-z0-9]+-[1-9][0-9]*$ ]] || fail "--accelerator-type=$accelerator: give a type such as v4-8"
  if [[ ! $version ]]; then
    case $accelerator in
      v[234]-*) version=tpu-ubuntu2204-base ;;
      v5litepod-*) version=v2-alpha-tpuv5-lite ;;
      v5p-*) version=v2-alpha-tpuv5 ;;
      v6e-*) version=v2-alpha-tpuv6e ;;
      *) fail "--accelerator-type=$accelerator: its runtime isn't known here; give --version=VERSION" ;;
    esac
  fi
fi
if starts install; then
  [[ ! $share || $share =~ ^[^:/]+:/.+$ ]] || fail "--share=$share: give an NFS export such as 10.0.0.2:/vol1"
  [[ ! $ref ]] || git rev-parse --quiet --verify "$ref^{commit}" >/dev/null ||
    fail "--ref=$ref: no such commit, branch or tag here"
fi
config=''
for flag in "$@"; do
  case $flag in
    --config=*) config=${flag#*=} ;;
    --?*) ;;
    *) fail "unexpected argument '$flag'; give flags of maskgan_jax.main as --flag=value" ;;
  esac
done
if starts run; then
  [[ $config ]] || fail "no --config; give one after --, such as -- --config=configs/ebst.py"
  [[ $ref || -f ${config%%:*} ]] || fail "--config=$config: no file ${config%%:*} here"
elif [[ $# -gt 0 ]]; then
  fail "flags of maskgan_jax.main are for run and up, not for $action"
fi
where=("--zone=$zone")
[[ ! $project ]] || where+=("--project=$project")

quoted() {  # the words as they can be pasted, one string in quotes where it must be
  local word quote="'\\''" separator=''
  for word in "$@"; do
    case $word in
      '' | *[!A-Za-z0-9_./:=,@%+^{}-]*) printf "%s'%s'" "$separator" "${word//\'/$quote}" ;;
      *) printf '%s%s' "$separator" "$word" ;;
    esac
    separator=' '
  done
}

execute() {
  if [[ $dry_run ]]; then
    quoted "$@"
    echo
  else
    "$@"
  fi
}

tpu_vm() {
  execute gcloud compute tpus tpu-vm "$@"
}

on_workers() {  # all, or the number of one, and the script they run
  tpu_vm ssh "$name" "${where[@]}" "--worker=$1" "--command=$2"
}

find_slice() {  # sets `found` to "STATE TYPE", or to nothing if there is no such slice, as it does in a dry run
  found=$(tpu_vm list "${where[@]}" '--format=csv[no-heading](name.basename(),state,acceleratorType.basename())') ||
    fail "gcloud can't list the slices in $zone; its message is above"
  [[ ! $dry_run ]] || { echo "$found"; found=''; }
  found=$(awk -F, -v name="$name" '$1 == name { print $2, $3 }' <<<"$found")
}

create() {
  local options=("--accelerator-type=$accelerator" "--version=$version")
  [[ ! $spot ]] || options+=(--spot)
  find_slice
  case $found in
    '') tpu_vm create "$name" "${where[@]}" "${options[@]}" ;;
    "READY $accelerator") echo "$name is there" ;;
    READY*) fail "$name is there, but a ${found#READY }; give another --name, or delete it first" ;;
    *) fail "$name is ${found% *}; wait until it is READY, or delete it first" ;;
  esac
}

# What workers run. A run holds the lock run.lock until its process ends, however that comes.

install_on_worker() {
  cat <<'END'
set -eu
mkdir -p maskgan_jax
cd maskgan_jax
exec 9>>run.lock
flock --nonblock 9 || { echo "error: a run goes on here; stop it first" >&2; exit 1; }
find . -mindepth 1 -maxdepth 1 ! -name .venv ! -name data ! -name runs ! -name "run.*" -exec rm -rf {} +
tar -xzf ../maskgan_jax.tar.gz
END
  [[ ! $share ]] || cat <<END
command -v mount.nfs >/dev/null || sudo DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet nfs-common
mkdir -p ../maskgan_share
mountpoint --quiet ../maskgan_share || sudo mount -t nfs $(quoted "$share") ../maskgan_share
for folder in data runs; do
  if [ -e \$folder ] && [ ! -L \$folder ]; then
    echo "error: ~/maskgan_jax/\$folder is on the worker's own disk; move it away, then install again" >&2
    exit 1
  fi
  [ -d ../maskgan_share/\$folder ] || sudo install -d -m 1777 ../maskgan_share/\$folder
  ln -sfn ../maskgan_share/\$folder \$folder
done
END
  # The runtimes' own Python is older than ours; uv brings the one that the pinned set is for.
  cat <<'END'
python3 -m pip install --quiet --user uv
uv="$(python3 -m site --user-base)/bin/uv"
"$uv" venv --quiet --allow-existing --python 3.11 .venv
"$uv" pip install --quiet --python .venv/bin/python -c launch/constraints.txt -e ".[tpu]"
END
}

run_on_worker() {
  cat <<END
cd maskgan_jax 2>/dev/null && [ -x .venv/bin/python ] || { echo "error: not installed; install first" >&2; exit 1; }
exec 9>>run.lock
flock --nonblock 9 || { echo "error: a run goes on here; stop it first" >&2; exit 1; }
nohup .venv/bin/python -m maskgan_jax.main --distributed $(quoted "$@") >>run.log 2>&1 </dev/null &
echo \$! >run.pid
END
}

log_on_worker() {
  cat <<'END'
cd maskgan_jax 2>/dev/null && [ -f run.pid ] || { echo "error: nothing was run here yet" >&2; exit 1; }
tail --lines=100 --follow --pid="$(cat run.pid)" run.log
END
}

stop_on_worker() {
  cat <<'END'
cd maskgan_jax 2>/dev/null || { echo "no run goes on"; exit; }
exec 9>>run.lock
if flock --nonblock 9; then echo "no run goes on"; exit; fi
kill -TERM "$(cat run.pid)"
flock --timeout 600 9 || { echo "error: the run hasn't ended in ten minutes" >&2; exit 1; }
tail --lines=1 run.log
END
}

install() {
  local archive=build/$name.tar.gz
  # Here data, runs and .venv may be links, which .gitignore doesn't leave out, and there they would lead nowhere.
  local list=(git ls-files -z --cached --others --exclude-standard --exclude=/.venv --exclude=/data --exclude=/runs)
  execute mkdir -p build
  if [[ $ref ]]; then
    execute git archive "--output=$archive" "$ref"
  elif [[ $dry_run ]]; then
    echo "$(quoted "${list[@]}") | tar --exclude-from=<(git ls-files --deleted) --null -T - -czf $(quoted "$archive")"
  else
    "${list[@]}" | tar --exclude-from=<(git ls-files --deleted) --null -T - -czf "$archive"
  fi
  tpu_vm scp "$archive" "$name:maskgan_jax.tar.gz" "${where[@]}" --worker=all
  execute rm "$archive"
  on_workers all "$(install_on_worker)"
}

case $action in
  create) create ;;
  install) install ;;
  run) on_workers all "$(run_on_worker "$@")" ;;
  logs) on_workers 0 "$(log_on_worker)" ;;
  stop) on_workers all "$(stop_on_worker)" ;;
  delete)
    find_slice
    if [[ $dry_run || $found ]]; then
      tpu_vm delete "$name" "${where[@]}" --quiet
    else
      echo "there is no $name"
    fi
    ;;
  up)
    create
    install
    on_workers all "$(run_on_worker "$@")"
    ;;
esac
