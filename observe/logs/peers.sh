#!/bin/sh
# Installs the real programs that send logs and flows in the tests, from Debian's packages. Starts none of them. Safe to run again. Needs root.
set -eu

packages="syslog-ng-core syslog-ng-mod-http syslog-ng-scl libestr0 libfastjson4 liblognorm5 bsdutils softflowd nfdump pmacct python3-gssapi samba samba-vfs-modules smbclient krb5-kdc krb5-admin-server"
missing=
for p in $packages; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing="$missing $p"
done
if [ -n "$missing" ]; then
	# Debian starts what it installs unless this policy forbids it.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
		apt-get update -qq
		apt-get install -y -qq --no-install-recommends $missing
	}
fi

# Debian has either rsyslog or syslog-ng on a machine: the former is unpacked beside.
beside=${BULWARK_RSYSLOG:-/var/tmp/bulwark/rsyslog}
[ -x "$beside/usr/sbin/rsyslogd" ] && exit 0
mkdir -p "$beside"
cd "$beside"
apt-get download -q rsyslog rsyslog-openssl rsyslog-elasticsearch >/dev/null 2>&1 || { apt-get update -qq; apt-get download -q rsyslog rsyslog-openssl rsyslog-elasticsearch; }
for d in ./*.deb; do dpkg -x "$d" .; done
rm -f ./*.deb
