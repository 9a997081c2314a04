#!/usr/bin/env bash
# A sweep on a Slurm cluster: Ray's head and the driver on the first node, one Ray worker on each other node.
# docs/cluster/slurm.md describes it.
#   export GATEBENCH_HOME=/shared/me/runs GATEBENCH_DATA=/shared/data
#   sbatch --nodes=4 --cpus-per-task=16 --time=12:00:00 launch/slurm.sh experiment=quickstart
#SBATCH --job-name=gatebench
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@180
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

: "${GATEBENCH_HOME:?set it to a folder that all nodes share}"
: "${GATEBENCH_DATA:?set it to the folder of the data files, on all nodes}"
: "${SLURM_JOB_ID:?submit this script with sbatch}"
start_seconds="${GATEBENCH_START_SECONDS:-120}"  # the longest time that Ray may take to start

umask 077
mkdir -p "$GATEBENCH_HOME"
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
export RAY_AUTH_TOKEN_PATH="$GATEBENCH_HOME/ray_token.$SLURM_JOB_ID"
python3 -c 'import secrets; print(secrets.token_hex(32), end="")' > "$RAY_AUTH_TOKEN_PATH"

nodes="${SLURM_JOB_NUM_NODES:-1}"
head="${SLURMD_NODENAME:-$(hostname)}"  # this script runs on the first node
head_ip="$(hostname --ip-address | awk '{print $1}')"
port=$((20000 + SLURM_JOB_ID % 20000))  # two jobs may share a node
folder="/tmp/ray-$SLURM_JOB_ID"
steps=()
driver=""
is_stopping=false

stop() {  # before the time limit, or when the job is cancelled or preempted: the trials save checkpoints
    is_stopping=true
    if [[ -n "$driver" ]]; then kill -TERM "$driver" 2> /dev/null || true; fi
}

# shellcheck disable=SC2329  # the trap calls it
clean_up() {
    for step in "${steps[@]}"; do kill -TERM "$step" 2> /dev/null || true; done
    for step in "${steps[@]}"; do wait "$step" 2> /dev/null || true; done
    rm -f "$RAY_AUTH_TOKEN_PATH"
    rm -rf "$folder"
}

trap stop TERM
trap clean_up EXIT

srun --nodes=1 --ntasks=1 --nodelist="$head" \
    ray start --head --block --node-ip-address="$head_ip" --port="$port" --temp-dir="$folder" --include-dashboard=false &
steps+=($!)

end=$((SECONDS + start_seconds))
until ray status --address="$head_ip:$port" > /dev/null 2>&1; do
    if "$is_stopping"; then exit 143; fi
    if ((SECONDS > end)); then
        echo "slurm.sh: Ray's head has not started in $start_seconds seconds; its messages are above." >&2
        exit 1
    fi
    sleep 1
done

if ((nodes > 1)); then
    srun --nodes="$((nodes - 1))" --ntasks="$((nodes - 1))" --exclude="$head" \
        ray start --block --address="$head_ip:$port" &
    steps+=($!)
fi

gatebench sweep "$@" "ray_address=$head_ip:$port" &
driver=$!
if "$is_stopping"; then stop; fi
code=0
wait "$driver" || code=$?
if "$is_stopping"; then  # the signal has interrupted the first wait
    code=0
    wait "$driver" || code=$?
    if ((code != 0)); then scontrol requeue "$SLURM_JOB_ID"; fi  # the next start continues the sweep
fi
exit "$code"
