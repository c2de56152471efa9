#!/usr/bin/env bash
# Tries the images that images.sh has built: each as the user it is made for, then all three
# together, until the coordinator sees the box. They run in one network namespace that has only
# loopback, so nothing on this machine is in their way; it is taken down with all in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

net=gvq-images-$$
logs=$(mktemp -d)
declare -A container=()

clean_up() {
    ip netns pids "$net" | xargs -r kill
    wait
    ip netns delete "$net"
    [ ${#container[@]} -eq 0 ] || buildah rm "${container[@]}" >/dev/null
    rm -rf "$logs"
}

# inside IMAGE COMMAND…: in the image's one container here. Not `ip netns exec`, which has a mount
# namespace of its own: runs in one container at one time would not see each other's mounts.
inside() {
    local image=$1
    shift
    nsenter "--net=/run/netns/$net" \
        buildah run --isolation chroot "${container[$image]}" -- "$@" </dev/null
}

# within SECONDS COMMAND…: until it succeeds; at the end it fails, with all the logs there are.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            tail -n 30 "$logs"/* >&2
            die "still failing: $*"
        fi
        sleep 1
    done
}

runs_as() {
    local user
    user=$(inside "$1" id -un)
    [ "$user" = "$2" ] || die "gvq/$1 runs as '$user', not as $2"
}

healthy() {
    inside coordinator python3 -c "import urllib.request as r
for page in ('healthz', 'readyz'):
    r.urlopen('http://127.0.0.1:8800/' + page, timeout=5)"
}

admin_token() { sed -n 's/^First admin token.*: //p' "$logs/coordinator" | grep .; }

gvq() { inside coordinator env "GVQ_API_TOKEN=$token" gvq "$@"; }

# asterisk_says COMMAND TEXT
asterisk_says() { inside asterisk asterisk -rx "$1" | grep "$2"; }

# Every application and function that the shipped dialplan calls has its module in the image.
dialplan_is_served() {
    local calls='s/^\(exten\| same\) => //p' kind name
    {
        sed -n "$calls" ami_adapter/dialplan/gvq.conf |
            grep -oP '^([^,]*,)?[^,(]*(\(\w+\))?,\K[A-Z]\w+(?=\()|\?\K[A-Z][a-z]\w+(?=\()' |
            sed 's/^/application /'
        sed -n "$calls" ami_adapter/dialplan/gvq.conf |
            grep -oP '\$\{\K[A-Z_0-9]+(?=\()' | sed 's/^/function /'
    } | sort -u >"$logs/dialplan"
    while read -r kind name; do
        asterisk_says "core show $kind $name" Synopsis >/dev/null || die "no $kind $name in the box"
    done <"$logs/dialplan"
}

box_is_attached() { gvq box list --json | grep -E '"attached": *true'; }

ip netns add "$net"
trap clean_up EXIT
ip -n "$net" link set lo up
for image in coordinator adapter asterisk; do
    container[$image]=$(buildah from "localhost/gvq/$image")
done

say "Each image runs its command, and not as root"
runs_as coordinator gvq
runs_as adapter gvq
runs_as asterisk asterisk
quietly inside coordinator gvq --help
quietly inside adapter gvq adapter --help
quietly inside asterisk asterisk -V

say "The coordinator serves: /healthz, /readyz, its first token"
inside coordinator gvq serve >"$logs/coordinator" 2>&1 &
within 60 healthy
within 10 admin_token
token=$(admin_token)

say "The box boots: dialplan, manager, phones, trunks"
inside asterisk env GVQ_BOX=a GVQ_AMI_SECRET=secret GVQ_PHONE_SECRET=secret \
    GVQ_TRUNKS='b=192.0.2.12 c=192.0.2.13' start-box >"$logs/asterisk" 2>&1 &
within 60 asterisk_says 'core waitfullybooted' booted
within 5 asterisk_says 'core show settings' 'System name: *a$'
within 5 asterisk_says 'dialplan show gvq' Goto
dialplan_is_served
within 5 asterisk_says 'manager show user gvq' originate
within 5 asterisk_says 'pjsip show transports' 0.0.0.0:5060
within 5 asterisk_says 'pjsip show endpoints' ' 101 '
within 5 asterisk_says 'pjsip show endpoints' ' gvq-c '

say "The adapter links box and coordinator"
quietly gvq box add a
box_token=$(gvq box token a)
inside adapter env GVQ_BOX=a "GVQ_TOKEN=$box_token" GVQ_AMI_SECRET=secret \
    gvq adapter >"$logs/adapter" 2>&1 &
within 60 box_is_attached
say "All images are built and work together: localhost/gvq/{coordinator,adapter,asterisk}"
