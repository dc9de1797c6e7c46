package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// Domain is the hospital's DNS zone (RFC 2606), Realm its Kerberos realm.
const (
	Domain = "hospital.example"
	Realm  = "HOSPITAL.EXAMPLE"
)

// station is where a host stands. An empty address means that it asks for a lease.
type station struct{ name, mac, addr string }

// stations are the machines of the hospital, the servers first.
var stations = [...]station{
	{"gateway", "00:1b:21:20:00:01", "10.20.0.1"},
	{"names", "52:54:00:20:01:0a", "10.20.1.10"},   // DNS and DHCP
	{"dc", "52:54:00:20:01:14", "10.20.1.20"},      // Kerberos and LDAP
	{"files", "52:54:00:20:01:1e", "10.20.1.30"},   // file shares, SSH
	{"pacs", "52:54:00:20:02:0a", "10.20.2.10"},    // Orthanc
	{"archive", "52:54:00:20:02:0b", "10.20.2.11"}, // dcmtk storescp
	{"ehr", "52:54:00:20:02:14", "10.20.2.20"},     // electronic record: nginx, FHIR, HL7 in
	{"lis", "52:54:00:20:02:1e", "10.20.2.30"},     // laboratory
	{"ct1", "00:1d:9c:20:03:0b", "10.20.3.11"},
	{"mr1", "00:0e:8c:20:03:0c", "10.20.3.12"},
	{"us1", "00:40:9d:20:03:0d", "10.20.3.13"},
	{"cr1", "00:1f:29:20:03:0e", "10.20.3.14"},
	{"viewer1", "d4:be:d9:20:04:0b", "10.20.4.11"}, // radiology reading station
	{"nurse1", "3c:d9:2b:20:04:15", "10.20.4.21"},
	{"nurse2", "3c:d9:2b:20:04:16", ""}, // a trolley that asks for its address
	{"pump1", "00:03:b1:20:05:0b", "10.20.5.11"},
	{"pump2", "00:03:b1:20:05:0c", ""},
	{"monitor1", "00:09:fb:20:05:15", "10.20.5.21"},
	{"attacker", "b8:27:eb:20:04:42", "10.20.4.66"},
	{laptop, "f4:4d:30:20:04:4d", "10.20.4.77"}, // that somebody has brought along
}

const (
	maskBits     = 16
	internetName = "internet"
	internetAddr = "198.51.100.10"
	gatewayOut   = "198.51.100.1"
)

// The record's and the viewer's addresses of IPv6 (unique local, RFC 4193), and the record's name over it.
const (
	ehr6Addr    = "fd00:20:2::20"
	viewer6Addr = "fd00:20:4::11"
	ehr6Name    = "ehr6." + Domain
)

// Hospital is a running lab.
type Hospital struct {
	*Network
	// ca is the path of the certificate that signs the servers'.
	ca string
	// clinical answers HL7 and FHIR in this process.
	clinical clinicalServers
	// feeds are the HL7 connections that devices keep, by host.
	feeds map[string]*hl7Client
}

// Open builds the hospital and starts its servers. Close it.
func Open(ctx context.Context) (*Hospital, error) {
	n, err := NewNetwork(ctx)
	if err != nil {
		return nil, err
	}
	h := &Hospital{Network: n, feeds: map[string]*hl7Client{}}
	if err := h.build(ctx); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Close ends the servers and removes the lab.
func (h *Hospital) Close() error {
	var errs []error
	for _, c := range h.feeds {
		errs = append(errs, c.c.Close())
	}
	return errors.Join(append(errs, h.clinical.close(), h.Network.Close())...)
}

// Host is the host of that name; it must exist.
func (h *Hospital) Host(name string) *Host {
	host := h.hosts[name]
	if host == nil {
		panic("lab: no host " + name)
	}
	return host
}

func (h *Hospital) build(ctx context.Context) error {
	gateway, resolver := addrOf("gateway"), addrOf("names")
	for _, s := range stations {
		if _, err := h.AddHost(s.name, s.mac, prefixOf(s), gateway, resolver); err != nil {
			return err
		}
	}
	for name, addr := range map[string]string{"ehr": ehr6Addr, "viewer1": viewer6Addr} {
		if err := h.Host(name).addIPv6(addr); err != nil {
			return err
		}
	}
	if err := h.addInternet(); err != nil {
		return fmt.Errorf("the internet: %w", err)
	}
	for _, s := range services {
		if err := s.start(ctx, h); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// addInternet puts a host behind the gateway, off the switch.
func (h *Hospital) addInternet() error {
	ns := Prefix + internetName
	if err := addNamespace(ns); err != nil {
		return err
	}
	host, err := h.newHost(internetName, netip.MustParseAddr(internetAddr))
	if err != nil {
		return err
	}
	gateway := h.Host("gateway").ns
	err = batch(
		"-n "+gateway+" link add out0 type veth peer name eth0 netns "+ns,
		"-n "+gateway+" addr add "+gatewayOut+"/24 dev out0",
		"-n "+gateway+" link set out0 up",
		"-n "+ns+" addr add "+internetAddr+"/24 dev eth0",
		"-n "+ns+" link set eth0 up",
		"-n "+ns+" link set lo up",
		"-n "+ns+" route add 10.20.0.0/16 via "+gatewayOut,
	)
	if err != nil {
		return err
	}
	for _, end := range [][2]string{{gateway, "out0"}, {ns, "eth0"}} {
		if err := offloadsOff(end[0], end[1]); err != nil {
			return err
		}
	}
	h.hosts[internetName] = host
	return forward(gateway)
}

// prefixOf is the address of a station with its network; invalid for one that asks for a lease.
func prefixOf(s station) netip.Prefix {
	if s.addr == "" {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(netip.MustParseAddr(s.addr), maskBits)
}

// addrOf is the fixed address of a station.
func addrOf(name string) netip.Addr {
	if name == internetName {
		return netip.MustParseAddr(internetAddr)
	}
	for _, s := range stations {
		if s.name == name {
			return netip.MustParseAddr(s.addr)
		}
	}
	panic("lab: no station " + name)
}

// service is a server of the hospital and how to start it.
type service struct {
	name  string
	start func(context.Context, *Hospital) error
}

var services = [...]service{
	{"names", startNames},
	{"certificates", makeCertificates},
	{"PACS", startPACS},
	{"archive", startArchive},
	{"HL7 and FHIR servers", startClinical},
	{"web servers", startWeb},
	{"file server", startFiles},
	{"directory", startDirectory},
	{"SSH server", startSSH},
	{"RADIUS server", startRADIUS},
}
