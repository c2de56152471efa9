#!/usr/bin/env bash
# Proves that a machine with nothing of ours is enough: runs `make GOAL` on a clone of HEAD inside
# a new minimal Debian 12 that has python3 and make.        usage: fresh-machine.sh setup|test|demo
# Needs root and debootstrap. How this machine reaches its packages (mirror, resolver,
# certificates, pip's configuration) is copied at run time. Loopback is shared with this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

goal=${1:?usage: fresh-machine.sh setup|test|demo}
on_debian_as_root || die "this needs root on Debian"
command -v debootstrap >/dev/null || debian_install debootstrap
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gvq/fresh-machine
base=$cache/bookworm

make_base() {
    say "Making a minimal Debian 12 in $base (about a minute)"
    rm -rf "$base.new"
    mkdir -p "$cache"
    # shellcheck disable=SC2046  # no mirror known here: no argument, so debootstrap's own
    quietly debootstrap --variant=minbase --include=python3,make,ca-certificates \
        bookworm "$base.new" $(debian_mirror)
    mv "$base.new" "$base"
}

# Package services must not start: as in a container, nothing would ever stop them.
lend_configuration() {
    local file
    for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || install -D -m 644 "$file" "$1$file"
    done
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
    chmod 755 "$1/usr/sbin/policy-rc.d"
}

# Mounts and processes live in namespaces of their own, so that none is left when this ends.
# shellcheck disable=SC2016  # expanded by the inner shell
inside='
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/dev/shm"
exec chroot "$1" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LANG=C.UTF-8 CI=true make -C /src "$2"
'

[ -d "$base" ] || make_base
root=$(mktemp -d "$cache/run.XXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT
cp -a "$base/." "$root"
lend_configuration "$root"
git clone -q --no-hardlinks . "$root/src"
say "make $goal, where only python3 and make are installed"
unshare --mount --pid --fork --kill-child bash -euc "$inside" bash "$root" "$goal" </dev/null
