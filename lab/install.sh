#!/bin/sh
# Installs the real software that the lab is made of, from Debian's packages. Starts none of it: the lab starts each
# program itself, in a network namespace, with a configuration of its own. Safe to run again. Needs root.
set -eu

packages="
	iproute2 ethtool tcpdump nftables
	dcmtk orthanc orthanc-dicomweb
	nginx-light curl openssl
	samba samba-ad-dc samba-ad-provision samba-vfs-modules smbclient
	dnsmasq-base unbound busybox udhcpc
	slapd ldap-utils python3-lasso
	krb5-kdc krb5-admin-server krb5-user
	openssh-server openssh-client sshpass
	freeradius freeradius-utils snmpd
	nmap hydra onesixtyone rclone snmp bind9-dnsutils
"

missing=
for p in $packages; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

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
