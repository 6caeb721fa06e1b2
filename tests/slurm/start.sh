#!/usr/bin/env bash
# Start a real one-machine SLURM cluster on loopback, without systemd and
# without a database: munged + slurmctld + N slurmd ("virtual nodes").
#
#   tests/slurm/start.sh [--install] [--clean]
#
#   --install   apt-get install the four Debian/Ubuntu packages when missing
#   --clean     forget the queue of an earlier run (job ids start at 1 again)
#
# Runs as root or, with the packages already there, as an ordinary user (then
# only that user can run jobs, which is all that a CI run needs).
# Everything that it writes lies under $SLURM_HOME, but for one link that needs
# root or sudo: /etc/slurm/slurm.conf -> $SLURM_HOME/etc/slurm.conf. It must be
# there: the jobstep plugin runs `srun` with every SLURM_* variable removed,
# SLURM_CONF included, so only the built-in path is found within a job.
# Prints one line at the end, to eval:
#   SLURM_CONF=/.../etc/slurm.conf
set -euo pipefail

SLURM_HOME=${SLURM_HOME:-${TMPDIR:-/tmp}/slurm/cluster}   # short path: the munge socket must fit 107 bytes
SLURM_NODES=${SLURM_NODES:-2}                  # number of virtual nodes (slurmd processes)
SLURM_NODE_CPUS=${SLURM_NODE_CPUS:-2}          # CPUs that each one claims
SLURM_NODE_MEM=${SLURM_NODE_MEM:-16000}        # MB that each one claims
SLURM_NODE_GPUS=${SLURM_NODE_GPUS:-1}          # pretended GPUs per node, 0 to 5
SLURM_GPU_TYPE=${SLURM_GPU_TYPE:-fake}         # their type: --gres=gpu:1 and gpu:fake:1 both match
SLURM_PORT_CTLD=${SLURM_PORT_CTLD:-16817}      # not 6817/6818: a system SLURM may be there
SLURM_PORT_NODE=${SLURM_PORT_NODE:-16820}      # first node's port, the others follow
MIN_JOB_AGE=${MIN_JOB_AGE:-3600}               # s for which squeue still shows a finished job

install=0 clean=0
for a in "$@"; do case $a in
    --install) install=1 ;;
    --clean) clean=1 ;;
    *) echo "usage: $0 [--install] [--clean]" >&2; exit 2 ;;
esac; done

PATH=$PATH:/usr/sbin:/sbin                     # Debian: daemons are not on a user's PATH
need="slurmctld slurmd slurm-client munge"
have() { command -v slurmctld slurmd sbatch squeue munged >/dev/null; }
if ! have; then
    [ $install = 1 ] || { echo "missing packages: apt-get install $need (or --install)" >&2; exit 1; }
    sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    # RUNLEVEL=1 + DEBIAN_FRONTEND: no package may start its own daemon here
    $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends $need >/dev/null
    have
fi

me=$(id -un) host=$(hostname -s)
umask 022
mkdir -p "$SLURM_HOME"/{etc,run,log,state,spool}
SLURM_HOME=$(cd "$SLURM_HOME" && pwd -P)
etc=$SLURM_HOME/etc run=$SLURM_HOME/run log=$SLURM_HOME/log
sock=$run/munge.socket
export SLURM_CONF=$etc/slurm.conf

# alive NAME PIDFILE: is the process of that pid file still that program?
alive() {
    local pid; pid=$(cat "$2" 2>/dev/null) || return 1
    # a zombie (nobody reaped it yet) counts as ended
    [ -n "$pid" ] && grep -q -- "$1" "/proc/$pid/comm" 2>/dev/null &&
        ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null
}
if alive slurmctld "$run/slurmctld.pid"; then
    echo "already running under $SLURM_HOME" >&2
    echo "SLURM_CONF=$SLURM_CONF"; exit 0
fi
[ $clean = 0 ] || rm -rf "$SLURM_HOME"/{state,spool,log}/*
# Ports that something else holds would show up only as a node that never comes.
for p in "$SLURM_PORT_CTLD" $(seq "$SLURM_PORT_NODE" $((SLURM_PORT_NODE + SLURM_NODES - 1))); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; then echo "port $p is taken" >&2; exit 1; fi
done

# --- configuration -----------------------------------------------------------
# gres/gpu wants one character device per GPU ("Count=1" alone, also with
# Flags=CountOnly, makes slurmd report 0 and the node INVAL). With TaskPlugin=none
# nothing opens or fences these devices: they only stand for a number.
gres_node= gres_types=
if [ "$SLURM_NODE_GPUS" -gt 0 ]; then
    gres_types="GresTypes=gpu" gres_node="Gres=gpu:$SLURM_GPU_TYPE:$SLURM_NODE_GPUS"
    devs=$(printf '%s\n' /dev/null /dev/zero /dev/full /dev/random /dev/urandom |
        head -n "$SLURM_NODE_GPUS" | paste -sd,)
fi
nodes=n[1-$SLURM_NODES] ports=$SLURM_PORT_NODE
[ "$SLURM_NODES" = 1 ] && nodes=n1 || ports=[$SLURM_PORT_NODE-$((SLURM_PORT_NODE + SLURM_NODES - 1))]

cat >"$etc/slurm.conf" <<CONF
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$SLURM_PORT_CTLD
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
# cred_expire: a job that SLURM itself requeues waits this long (default 120 s)
AuthInfo=socket=$sock,cred_expire=15
CredType=cred/munge
# listen on 127.0.0.1 only, daemons and clients (srun) alike
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPidFile=$run/slurmctld.pid
SlurmctldLogFile=$log/slurmctld.log
SlurmctldDebug=info
StateSaveLocation=$SLURM_HOME/state
SlurmdPidFile=$run/slurmd-%n.pid
SlurmdLogFile=$log/slurmd-%n.log
SlurmdDebug=info
SlurmdSpoolDir=$SLURM_HOME/spool/%n
# nodes may claim more than the machine has
SlurmdParameters=config_overrides
# pgid, not linuxproc: that one loses (and leaves running) a Snakemake whose
# shell died first when SLURM requeues a job or drops a node; neither needs root
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$log/jobcomp.log
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=5,bf_interval=5
# what can never run is refused at once instead of waiting for ever
EnforcePartLimits=ALL
ReturnToService=2
MinJobAge=$MIN_JOB_AGE
KillWait=5
SlurmctldTimeout=60
SlurmdTimeout=60
InactiveLimit=0
Waittime=0
MailProg=/bin/true
$gres_types
NodeName=$nodes NodeHostname=$host NodeAddr=127.0.0.1 Port=$ports CPUs=$SLURM_NODE_CPUS RealMemory=$SLURM_NODE_MEM $gres_node State=UNKNOWN
PartitionName=main Nodes=$nodes Default=YES MaxTime=600 DefaultTime=10 DefMemPerCPU=100 State=UP
CONF
if [ "$SLURM_NODE_GPUS" -gt 0 ]; then
    echo "NodeName=$nodes Name=gpu Type=$SLURM_GPU_TYPE File=$devs" >"$etc/gres.conf"
else
    rm -f "$etc/gres.conf"
fi
# 22.05 loads no cgroup plugin for pgid + task/none; from 24.05 on the
# plugin can, and in a container should, be switched off outright.
rm -f "$etc/cgroup.conf"
ver=$(slurmctld -V | grep -oE '[0-9]+\.[0-9]+' | head -n 1)
if [ "${ver/./}" -ge 2405 ]; then echo "CgroupPlugin=disabled" >"$etc/cgroup.conf"; fi

link=/etc/slurm/slurm.conf                      # Debian's and Ubuntu's built-in path
if [ "$(readlink "$link" 2>/dev/null)" != "$SLURM_CONF" ]; then
    if [ -e "$link" ] && [ ! -L "$link" ]; then
        echo "$link is a real file: this machine has a SLURM of its own" >&2; exit 1
    fi
    sudo=; [ "$(id -u)" = 0 ] || sudo="sudo -n"
    $sudo mkdir -p "${link%/*}" && $sudo ln -sfn "$SLURM_CONF" "$link" ||
        echo "warning: no $link: jobs of snakemake-executor-plugin-slurm will fail" >&2
fi

# --- munge ---------------------------------------------------------------------
key=$etc/munge.key
if [ ! -s "$key" ]; then
    (umask 077; head -c 128 /dev/urandom >"$key")
fi
if ! alive munged "$run/munged.pid"; then
    munged --socket="$sock" --key-file="$key" --pid-file="$run/munged.pid" \
        --seed-file="$run/munged.seed" --log-file="$log/munged.log" --num-threads=2
fi
munge -n -S "$sock" | unmunge -S "$sock" >/dev/null

# --- slurm -----------------------------------------------------------------------
slurmctld -f "$SLURM_CONF"
for i in $(seq "$SLURM_NODES"); do
    mkdir -p "$SLURM_HOME/spool/n$i"
    slurmd -f "$SLURM_CONF" -N "n$i"
done

# --- wait until every node is idle ---------------------------------------------------
for _ in $(seq 120); do
    ready=$(sinfo -h -N -p main -o %T 2>/dev/null | grep -c '^idle$' || true)
    [ "$ready" = "$SLURM_NODES" ] && break
    sleep 0.25
done
if [ "$ready" != "$SLURM_NODES" ]; then
    echo "only $ready of $SLURM_NODES nodes came up" >&2
    sinfo -N -l >&2 || true
    tail -n 20 "$log"/*.log >&2 || true
    exit 1
fi
sinfo -N -p main -o '%N %T %c %m %G' >&2
echo "SLURM_CONF=$SLURM_CONF"
