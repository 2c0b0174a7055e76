# Starts Courier in a copy of the root folder $1, which is made in the folder $2, on port $3 for the user $4 with the password $5.
set -eu
root=$2/root port=$3 user=$4 password=$5
cp -alT "$1" "$root"
export LC_ALL=C

printf 'root:x:0:0:root:/:/bin/sh\ncourier:x:65534:65534:courier:/srv:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\ncourier:x:65534:\n' >"$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files\n' >"$root/etc/nsswitch.conf"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"

# A file of the package is linked to the copies of other instances: it is replaced, never written to.
rm -f "$root/etc/courier/authdaemonrc"
cat >"$root/etc/courier/authdaemonrc" <<EOF
authmodulelist="authuserdb"
authmodulelistorig="authuserdb"
daemons=2
authdaemonvar=/run/courier/authdaemon
EOF
mkdir -p "$root/run/courier/authdaemon" "$root/srv/$user"
chroot "$root" /usr/bin/maildirmake.courier "/srv/$user/Maildir"
chown -R 65534:65534 "$root/run/courier" "$root/srv"
hash=$(printf '%s\n%s\n' "$password" "$password" | chroot "$root" /usr/sbin/userdbpw)
printf '%s\tuid=65534|gid=65534|home=/srv/%s|mail=/srv/%s/Maildir|systempw=%s\n' "$user" "$user" "$user" "$hash" >"$root/etc/courier/userdb"
chmod 600 "$root/etc/courier/userdb"
chroot "$root" /usr/sbin/makeuserdb

# couriertcpd passes these on to each session; the package's own values, but that IDLE tells news after a second, not after a minute.
set -a
# shellcheck disable=SC1091,SC2034 # read by the programs
. "$root/etc/courier/imapd"
# shellcheck disable=SC2034
IMAP_STARTTLS=0 IMAP_IDLE_TIMEOUT=1
# shellcheck disable=SC2034
prefix=/usr exec_prefix=/usr sbindir=/usr/sbin bindir=/usr/bin
set +a

daemon='' listener=''
# couriertcpd leads a process group of its own, which its sessions belong to; the copy may go when they are gone.
stop() {
    trap '' TERM
    kill -s TERM -- ${daemon:+"$daemon"} ${listener:+"$listener" "-$listener"} 2>/dev/null || :
    tries=60
    while [ "$tries" -gt 0 ] && [ -n "$listener" ] && kill -s 0 -- "-$listener" 2>/dev/null; do
        tries=$((tries - 1))
        sleep 0.05
    done
    exit 0
}
trap stop TERM
chroot "$root" /usr/lib/courier/courier-authlib/authdaemond &
daemon=$!
chroot "$root" /usr/sbin/couriertcpd -address=127.0.0.1 -maxprocs=40 -maxperip=40 -nodnslookup -noidentlookup "$port" \
    /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir &
listener=$!
wait "$listener"
