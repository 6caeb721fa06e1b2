#!/usr/bin/env bash
# Start a real SLURM on this machine, run the workflow's tests on it, stop it: `make test-slurm`. With words that begin
# with no dash another command is run on it: tests/slurm/run.sh python tests/slurm/overheads.py
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH=$PATH:/usr/sbin:/sbin # where Debian keeps daemons
trap '"$here/stop.sh"' EXIT
"$here/start.sh" --install --clean
export SLURM_CONF=${SLURM_HOME:-${TMPDIR:-/tmp}/slurm/cluster}/etc/slurm.conf
if [ $# -gt 0 ] && [[ $1 != -* ]]; then
    PYTHONPATH=$here/..:$here:$here/../../workflow "$@"
else
    pytest "$@" "$here/on_slurm.py"
fi
