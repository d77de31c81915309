# full_disk.sh LAB BINARY: runs a campaign whose lab directory is a small file system, fills it while
# clients run, and says how the run and a later check ended. Needs a mount namespace of its own.
set -eu
lab=$1 faultlab=$2
mount -t tmpfs -o size=700m tmpfs "$lab"
set +e
"$faultlab" run etcd -f partition --time 40s --lab "$lab" >"$lab/out" 2>"$lab/err" &
run=$!
for _ in $(seq 100); do
    [ -n "$(find "$lab" -name run.db)" ] && break
    sleep 0.1
done
sleep 6
dd if=/dev/zero of="$lab/ballast" bs=1M 2>/dev/null
wait "$run"
echo "run=$?"
rm "$lab/ballast"
tail -n 8 "$lab/err"
"$faultlab" check latest --lab "$lab" >/dev/null
echo "check=$?"
"$faultlab" sql latest 'select count(*) || " committed" from op_invoke' --lab "$lab"
