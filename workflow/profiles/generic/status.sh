#!/bin/sh
# A job's id -> success | running | failed, on the scheduler that this machine has. A scheduler that does not answer
# has said nothing about the job: it counts as running, and is asked again.
id=$1
if command -v squeue >/dev/null; then # SLURM
    if ! state=$(squeue --noheader --states=all --format=%T --jobs="$id" 2>&1); then
        case $state in
            *"Invalid job id"*) state=UNKNOWN ;; # forgotten, or never there: no success that anyone can vouch for
            *) state=RUNNING ;;
        esac
    fi
    case $state in
        COMPLETED) echo success ;;
        PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED | REQUEUE_HOLD | RESIZING | SIGNALING | STAGE_OUT | STOPPED) echo running ;;
        *) echo failed ;;
    esac
elif command -v qacct >/dev/null; then # SGE: qstat knows a job until it ends, qacct from then on
    if qstat -j "$id" >/dev/null 2>&1; then
        echo running
    elif code=$(qacct -j "$id" 2>/dev/null | awk '$1 == "exit_status" { code = $2 } END { print code }') && [ -n "$code" ]; then
        [ "$code" = 0 ] && echo success || echo failed
    else
        echo running # between the two
    fi
elif command -v qstat >/dev/null; then # PBS
    record=$(qstat -xf "$id" 2>/dev/null) || { echo running; exit 0; }
    case $(echo "$record" | awk '$1 == "job_state" { print $3 }') in
        F) echo "$record" | awk '$1 == "Exit_status" { code = $3 } END { print (code == "0") ? "success" : "failed" }' ;;
        *) echo running ;;
    esac
else
    echo "status.sh: expected squeue, qacct or qstat, found none" >&2
    exit 1
fi
