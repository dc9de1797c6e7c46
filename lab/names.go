package lab

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// startNames starts dnsmasq: the hospital's zone, a few names of the internet, and the leases of the wards.
func startNames(ctx context.Context, h *Hospital) error {
	host := h.Host("names")
	conf, err := host.write("dnsmasq.conf", namesConf())
	if err != nil {
		return err
	}
	return host.Start(ctx, []int{53}, "dnsmasq", "--keep-in-foreground", "--conf-file="+conf)
}

func namesConf() string {
	var b strings.Builder
	b.WriteString(`user=root
no-resolv
no-hosts
pid-file=
log-facility=-
dhcp-leasefile=/dev/null
dhcp-authoritative
dhcp-range=10.20.9.50,10.20.9.99,255.255.0.0,1h
dhcp-option=option:router,10.20.0.1
dhcp-option=option:dns-server,10.20.1.10
no-ping
`)
	fmt.Fprintf(&b, "domain=%s\nlocal=/%s/\nlocal=/example.org/\nlocal=/example.net/\n", Domain, Domain)
	for _, s := range stations {
		if s.addr != "" {
			fmt.Fprintf(&b, "host-record=%s.%s,%s\n", s.name, Domain, s.addr)
		}
	}
	fmt.Fprintf(&b, "host-record=%s,%s\n", ehr6Name, ehr6Addr)
	fmt.Fprintf(&b, "cname=portal.%[1]s,ehr.%[1]s\ncname=intranet.%[1]s,ehr.%[1]s\n", Domain)
	fmt.Fprintf(&b, "txt-record=%s,\"v=spf1 -all\"\nmx-host=%s,ehr.%s,10\n", Domain, Domain, Domain)
	fmt.Fprintf(&b, "srv-host=_kerberos._udp.%[1]s,dc.%[1]s,88\nsrv-host=_ldap._tcp.%[1]s,dc.%[1]s,389\n", Domain)
	for _, name := range internetNames {
		fmt.Fprintf(&b, "host-record=%s,%s\n", name, internetAddr)
	}
	return b.String()
}

// internetNames are what the outside host answers to (RFC 2606 names).
var internetNames = []string{"www.example.org", "updates.example.net", "telemetry.example.net", "mail.example.org"}

// leaseScript is what udhcpc runs when it has an answer.
const leaseScript = `#!/bin/sh
case "$1" in
bound|renew)
	ip addr replace "$ip/16" dev "$interface"
	[ -z "$router" ] || ip route replace default via "$router"
	;;
deconfig)
	ip addr flush dev "$interface"
	;;
esac
`

// lease asks for an address as the named machine. vendor is the class of the client's system (option 60).
func (h *Host) lease(ctx context.Context, vendor string) error {
	script, err := h.write("lease.sh", leaseScript)
	if err != nil {
		return err
	}
	if err := os.Chmod(script, 0o755); err != nil {
		return err
	}
	_, err = h.Run(ctx, "udhcpc", "-i", "eth0", "-n", "-q", "-t", "5", "-T", "1", "-s", script,
		"-x", "hostname:"+h.Name, "-V", vendor)
	return err
}
