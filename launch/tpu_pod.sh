#!/usr/bin/env bash
# Train on a slice of a TPU pod; see --help.
set -eu -o pipefail

readonly USAGE_ERROR=2

usage() {
  cat <<'END'
Train on a slice of a Google Cloud TPU pod. Run it from the repository's root. It needs gcloud, authenticated, and a
project with a TPU quota.

  launch/tpu_pod.sh COMMAND [options] [-- flags of maskgan_jax.main]

  create    create the slice, unless it exists
  install   copy the repository to all workers and install it there with the extra `tpu`
  run       start training on all workers in the background, independent of the connection
  logs      follow the output of worker 0, until the run ends or Ctrl-C
  stop      let the run save a checkpoint and wait for it to exit; `run` with the same flags resumes
  delete    delete the slice with its disks
  up        create, install, run

  --name=NAME              name of the slice                          (or TPU_NAME)
  --zone=ZONE              such as us-central2-b                      (or ZONE)
  --project=PROJECT        default: gcloud's project                  (or PROJECT_ID)
  --accelerator-type=TYPE  create: such as v4-8, v5p-16, v6e-8        (or ACCELERATOR_TYPE)
  --version=VERSION        create: TPU runtime; default by type       (or RUNTIME_VERSION)
  --spot                   create: a spot slice, cheaper; preemption deletes its disks, so use --share
  --ref=REF                install: a git commit, branch or tag; default: the files of the working tree
  --share=SERVER:/PATH     install: an NFS export, such as Filestore's, that holds data/ and runs/
  --dry-run                print the commands, quoted for a shell, and exit

A slice of several hosts needs --share: every host reads the data and writes its part of each checkpoint. On a slice of
one host (v4-8, v5p-8, v6e-8) data/ and runs/ are in ~/maskgan_jax on its disk. Every command can be repeated.

  export TPU_NAME=maskgan ZONE=us-central2-b
  launch/tpu_pod.sh create --accelerator-type=v4-32
  launch/tpu_pod.sh install --share=10.0.0.2:/vol1
  launch/tpu_pod.sh run -- --config=configs/mask_vae.py --config.batch_size=32
  launch/tpu_pod.sh logs

Then train configs/dense_mapping.py, then configs/ebst.py. These two read VGG19's weights, and workers have no PyTorch:
convert the weights on a machine that has it, and copy the result to the workers' runs/vgg19.

  python -m maskgan_jax.interop.import_torch --kind=vgg19 vgg19.pth runs/vgg19
  launch/tpu_pod.sh run -- --config=configs/ebst.py --config.batch_size=32 --config.init.vgg19=runs/vgg19

Exit status: 2 for a usage error, otherwise that of gcloud.
END
}

fail() {
  echo "error: $1" >&2
  exit "$USAGE_ERROR"
}

# Check the arguments before any command runs.
actions="create, install, run, logs, stop, delete, up"
name=${TPU_NAME-} zone=${ZONE-} project=${PROJECT_ID-} accelerator=${ACCELERATOR_TYPE-} version=${RUNTIME_VERSION-}
spot='' ref='' share='' dry_run=''
action=${1-}
case $action in
  --help) usage; exit ;;
  create | install | run | logs | stop | delete | up) shift ;;
  '') fail "no command; expected one of $actions; see launch/tpu_pod.sh --help" ;;
  *) fail "unknown command '$action'; expected one of $actions; see launch/tpu_pod.sh --help" ;;
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

includes() { [[ $action == "$1" || $action == up ]]; }

[[ -f maskgan_jax/main.py ]] || fail "$PWD is not the repository's root; run the script from there"
[[ $dry_run || $(command -v gcloud) ]] ||
  fail "gcloud not found; install the Google Cloud CLI, then run: gcloud auth login"
[[ $name ]] || fail "no slice name; give --name=NAME or set TPU_NAME"
[[ $name =~ ^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$ ]] ||
  fail "--name=$name: expected lower-case letters, digits and hyphens, a letter first"
[[ $zone ]] || fail "no zone; give --zone=ZONE or set ZONE, such as us-central2-b"
[[ $zone =~ ^[a-z]+-[a-z]+[0-9]+-[a-z]$ ]] || fail "--zone=$zone: expected a zone such as us-central2-b"
if includes create; then
  [[ $accelerator ]] || fail "no accelerator type; give --accelerator-type=TYPE or set ACCELERATOR_TYPE, such as v4-8"
  [[ $accelerator =~ ^[a-z0-9]+-[1-9][0-9]*$ ]] || fail "--accelerator-type=$accelerator: expected a type such as v4-8"
  if [[ ! $version ]]; then
    case $accelerator in
      v[234]-*) version=tpu-ubuntu2204-base ;;
      v5litepod-*) version=v2-alpha-tpuv5-lite ;;
      v5p-*) version=v2-alpha-tpuv5 ;;
      v6e-*) version=v2-alpha-tpuv6e ;;
      *) fail "--accelerator-type=$accelerator: no default runtime for this type; give --version=VERSION" ;;
    esac
  fi
fi
if includes install; then
  [[ ! $share || $share =~ ^[^:/]+:/.+$ ]] || fail "--share=$share: expected an NFS export such as 10.0.0.2:/vol1"
  [[ ! $ref ]] || git rev-parse --quiet --verify "$ref^{commit}" >/dev/null 2>&1 ||
    fail "--ref=$ref: the repository has no such commit, branch or tag"
fi
config=''
for flag in "$@"; do
  case $flag in
    --config=*) config=${flag#*=} ;;
    --?*) ;;
    *) fail "unexpected argument '$flag'; write flags of maskgan_jax.main as --flag=value" ;;
  esac
done
if includes run; then
  [[ $config ]] || fail "no --config; append one after --, such as -- --config=configs/ebst.py"
  [[ $ref || -f ${config%%:*} ]] || fail "--config=$config: there is no file ${config%%:*} in $PWD"
elif [[ $# -gt 0 ]]; then
  fail "flags of maskgan_jax.main apply to run and up, not to $action"
fi
location=("--zone=$zone")
[[ ! $project ]] || location+=("--project=$project")

quoted() {  # print the words quoted for a shell
  local word quote="'\\''" separator=''
  for word in "$@"; do
    case $word in
      '' | *[!A-Za-z0-9_./:=,@%+^{}-]*) printf "%s'%s'" "$separator" "${word//\'/$quote}" ;;
      *) printf '%s%s' "$separator" "$word" ;;
    esac
    separator=' '
  done
}

execute() {  # run a command, or print it in a dry run
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

on_workers() {  # run script $2 on worker $1, an index or `all`
  tpu_vm ssh "$name" "${location[@]}" "--worker=$1" "--command=$2"
}

find_slice() {  # set `found` to "STATE TYPE", or to the empty string if there is no such slice or in a dry run
  found=$(tpu_vm list "${location[@]}" '--format=csv[no-heading](name.basename(),state,acceleratorType.basename())') ||
    fail "gcloud cannot list the slices in $zone; see its message above"
  [[ ! $dry_run ]] || { echo "$found"; found=''; }
  found=$(awk -F, -v name="$name" '$1 == name { print $2, $3 }' <<<"$found")
}

create() {
  local options=("--accelerator-type=$accelerator" "--version=$version")
  [[ ! $spot ]] || options+=(--spot)
  find_slice
  case $found in
    '') tpu_vm create "$name" "${location[@]}" "${options[@]}" ;;
    "READY $accelerator") echo "$name exists" ;;
    READY*) fail "$name exists with type ${found#READY }; give another --name, or delete it first" ;;
    *) fail "$name is in state ${found% *}; wait until it is READY, or delete it first" ;;
  esac
}

# Scripts for the workers. A run holds the lock run.lock until its process exits for any reason.

install_on_worker() {
  cat <<'END'
set -eu
mkdir -p maskgan_jax
cd maskgan_jax
exec 9>>run.lock
flock --nonblock 9 || { echo "error: a run is in progress on this worker; stop it first" >&2; exit 1; }
find . -mindepth 1 -maxdepth 1 ! -name .venv ! -name data ! -name runs ! -name "run.*" -exec rm -rf {} +
tar -xzf ../maskgan_jax.tar.gz
END
  [[ ! $share ]] || cat <<END
command -v mount.nfs >/dev/null || sudo DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet nfs-common
mkdir -p ../maskgan_share
mountpoint --quiet ../maskgan_share || sudo mount -t nfs $(quoted "$share") ../maskgan_share
for folder in data runs; do
  if [ -e \$folder ] && [ ! -L \$folder ]; then
    echo "error: ~/maskgan_jax/\$folder is on the worker's local disk; move it, then repeat install" >&2
    exit 1
  fi
  [ -d ../maskgan_share/\$folder ] || sudo install -d -m 1777 ../maskgan_share/\$folder
  ln -sfn ../maskgan_share/\$folder \$folder
done
END
  # The Python of the TPU runtimes is older than 3.11; uv installs the version that the constraints are for.
  cat <<'END'
python3 -m pip install --quiet --user uv
uv="$(python3 -m site --user-base)/bin/uv"
"$uv" venv --quiet --allow-existing --python 3.11 .venv
"$uv" pip install --quiet --python .venv/bin/python -c launch/constraints.txt -e ".[tpu]"
END
}

run_on_worker() {
  cat <<END
cd maskgan_jax 2>/dev/null && [ -x .venv/bin/python ] || { echo "error: not installed on this worker; run install first" >&2; exit 1; }
exec 9>>run.lock
flock --nonblock 9 || { echo "error: a run is in progress on this worker; stop it first" >&2; exit 1; }
nohup .venv/bin/python -m maskgan_jax.main --distributed $(quoted "$@") >>run.log 2>&1 </dev/null &
echo \$! >run.pid
END
}

log_on_worker() {
  cat <<'END'
cd maskgan_jax 2>/dev/null && [ -f run.pid ] || { echo "error: no run was started on this worker" >&2; exit 1; }
tail --lines=100 --follow --pid="$(cat run.pid)" run.log
END
}

stop_on_worker() {
  cat <<'END'
cd maskgan_jax 2>/dev/null || { echo "no run in progress"; exit; }
exec 9>>run.lock
if flock --nonblock 9; then echo "no run in progress"; exit; fi
kill -TERM "$(cat run.pid)"
flock --timeout 600 9 || { echo "error: the run has not exited within ten minutes" >&2; exit 1; }
tail --lines=1 run.log
END
}

install() {
  local archive=build/$name.tar.gz
  # Exclude data, runs and .venv also where they are symbolic links, which the patterns of .gitignore do not match.
  local list=(git ls-files -z --cached --others --exclude-standard --exclude=/.venv --exclude=/data --exclude=/runs)
  execute mkdir -p build
  if [[ $ref ]]; then
    execute git archive "--output=$archive" "$ref"
  elif [[ $dry_run ]]; then
    echo "$(quoted "${list[@]}") | tar --exclude-from=<(git ls-files --deleted) --null -T - -czf $(quoted "$archive")"
  else
    "${list[@]}" | tar --exclude-from=<(git ls-files --deleted) --null -T - -czf "$archive"
  fi
  tpu_vm scp "$archive" "$name:maskgan_jax.tar.gz" "${location[@]}" --worker=all
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
      tpu_vm delete "$name" "${location[@]}" --quiet
    else
      echo "$name does not exist"
    fi
    ;;
  up)
    create
    install
    on_workers all "$(run_on_worker "$@")"
    ;;
esac
