# Starts Cyrus in a copy of the root folder $1, which is made in the folder $2, on port $3 for the user $4 with the password $5.
set -eu
root=$2/root port=$3 user=$4 password=$5
cp -alT "$1" "$root"
# SASL writes the realm of a login in lower case.
name=$(basename "$2" | tr '[:upper:]' '[:lower:]')

printf 'root:x:0:0:root:/:/bin/sh\ncyrus:x:65534:65534:cyrus:/srv:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\ncyrus:x:65534:\n' >"$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files\n' >"$root/etc/nsswitch.conf"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"

for folder in proc socket db log msg quota user; do
    mkdir -p "$root/srv/state/$folder"
done
mkdir -p "$root/srv/mail"
# Cyrus writes X in place of each octet beyond ASCII in a header, unless it is told not to (munge8bit).
# The package's own files are linked to the copies of other instances: these lie elsewhere.
cat >"$root/srv/imapd.conf" <<EOF
configdirectory: /srv/state
partition-default: /srv/mail
defaultpartition: default
servername: $name
cyrus_user: cyrus
cyrus_group: cyrus
allowplaintext: yes
sasl_mech_list: PLAIN LOGIN
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /srv/passwords
munge8bit: no
autocreate_quota: 0
autocreate_users: anyone
EOF
cat >"$root/srv/cyrus.conf" <<EOF
START {
  recover cmd="ctl_cyrusdb -C /srv/imapd.conf -r"
  idled cmd="idled -C /srv/imapd.conf"
}
SERVICES {
  imap cmd="imapd -C /srv/imapd.conf -U 30" listen="127.0.0.1:$port" prefork=0 maxchild=40
}
EVENTS {
}
EOF
printf %s "$password" | chroot "$root" /usr/sbin/saslpasswd2 -p -c -f /srv/passwords -u "$name" "$user"
chown -R 65534:65534 "$root/srv"

chroot "$root" /usr/lib/cyrus/bin/master -C /srv/imapd.conf -M /srv/cyrus.conf -p /srv/state/master.pid &
master=$!
# Its services are in this process group; it ends them itself.
trap 'trap - TERM; kill -s TERM "$master"' TERM
wait "$master"
