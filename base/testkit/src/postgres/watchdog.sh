# Ends the server in folder $1 and removes the folder once nobody has held a lock on $1/users for
# $2 seconds. The kernel lets go of a lock when its process ends, however it ends.
# $3: the folder of the server's programs.
folder=$1 linger_s=$2 bin=$3 idle_s=0
finish() {
    trap '' TERM INT HUP
    "$bin/pg_ctl" stop --pgdata="$folder/data" --mode=immediate --wait --timeout=20
    case $folder in */hoopoe-postgres-*) rm -rf "$folder" ;; esac
    exit 0
}
trap finish TERM INT HUP
exec 9>>"$folder/users"
while [ -d "$folder/data" ]; do
    if flock --exclusive --nonblock 9; then
        # Finishing keeps the lock: who asks for it now waits, and finds the server gone.
        [ "$idle_s" -lt "$linger_s" ] || finish
        idle_s=$((idle_s + 1))
        flock --unlock 9
    else
        idle_s=0
    fi
    sleep 1
done
