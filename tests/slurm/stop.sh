#!/usr/bin/env bash
# Stop the cluster that start.sh started: cancel its jobs, then end each
# daemon by the pid in its own pid file, after checking that this pid is still
# that program. Touches no other process.
set -uo pipefail
SLURM_HOME=${SLURM_HOME:-${TMPDIR:-/tmp}/slurm/cluster}
run=$SLURM_HOME/run
export SLURM_CONF=$SLURM_HOME/etc/slurm.conf
PATH=$PATH:/usr/sbin:/sbin

alive() {
    local pid; pid=$(cat "$2" 2>/dev/null) || return 1
    # a zombie (nobody reaped it yet) counts as ended
    [ -n "$pid" ] && grep -q -- "$1" "/proc/$pid/comm" 2>/dev/null &&
        ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null
}
if alive slurmctld "$run/slurmctld.pid"; then
    scancel --quiet --user="$(id -un)" 2>/dev/null
    for _ in $(seq 60); do
        [ -z "$(squeue -h -t PD,R,CG,CF,S 2>/dev/null)" ] && break
        sleep 0.25
    done
fi
end() { # end NAME PIDFILE
    alive "$1" "$2" || return 0
    local pid; pid=$(cat "$2")
    kill "$pid"
    for _ in $(seq 80); do alive "$1" "$2" || break; sleep 0.25; done
    if alive "$1" "$2"; then echo "$1 ($pid) did not end, SIGKILL" >&2; kill -9 "$pid"; fi
    rm -f "$2"
}
for f in "$run"/slurmd-*.pid; do end slurmd "$f"; done
end slurmctld "$run/slurmctld.pid"
end munged "$run/munged.pid"
link=/etc/slurm/slurm.conf
if [ "$(readlink "$link" 2>/dev/null)" = "$SLURM_CONF" ]; then
    sudo=; [ "$(id -u)" = 0 ] || sudo="sudo -n"
    $sudo rm -f "$link" 2>/dev/null || echo "left behind: $link (no right to remove it)" >&2
fi
exit 0
