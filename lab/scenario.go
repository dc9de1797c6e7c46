package lab

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Scenario is something that happens in the hospital. It may run many times.
type Scenario struct {
	Name string
	Run  func(context.Context, *Hospital) error
}

// Scenarios are all of them in the order of a day: later ones rely on what earlier ones stored.
func Scenarios() []Scenario {
	return []Scenario{
		{"leases", leases},
		{"dns", lookUpNames},
		{"pings", pings},
		{"record over ipv6", readRecordIPv6},
		{"tickets", tickets},
		{"refused tickets", refusedTickets},
		{"directory", lookUpStaff},
		{"admissions", admitPatients},
		{"refused messages", refusedMessages},
		{"pump", pumpReports},
		{"vitals", bedsideVitals},
		{"laboratory results", laboratoryResults},
		{"laboratory orders", laboratoryOrders},
		{"dicom echo", echo},
		{"studies stored", storeStudies},
		{"study read", readStudy},
		{"pacs browsed", browsePACS},
		{"study archived", archiveStudy},
		{"association rejected", rejectedAssociation},
		{"association aborted", abortedAssociation},
		{"dicom over tls", storeOverTLS},
		{"record read", readRecord},
		{"record written", writeRecord},
		{"record over tls", readRecordTLS},
		{"file share", shareFiles},
		{"sealed file share", sealedShare},
		{"wrong file share", wrongShares},
		{"remote shell", remoteShell},
		{"reach out", reachOut},
		{"port scan", scanPorts},
		{"dicom sweep", sweepPACS},
		{"password guessing", guessPasswords},
		{"dns tunnel", tunnelNames},
	}
}

// leases gives the trolley and the second pump their addresses.
func leases(ctx context.Context, h *Hospital) error {
	if err := h.Host("nurse2").lease(ctx, "MSFT 5.0"); err != nil {
		return err
	}
	return h.Host("pump2").lease(ctx, "infuser-os 4.2")
}

// pings asks whether the gateway is there.
func pings(ctx context.Context, h *Hospital) error {
	_, err := h.Host("ct1").Run(ctx, "busybox", "ping", "-c", "1", "-w", "5", addrOf("gateway").String())
	return err
}

// lookUpNames asks for names of several types, some of which do not exist.
func lookUpNames(ctx context.Context, h *Hospital) error {
	nurse := h.Host("nurse1")
	server := net.JoinHostPort(addrOf("names").String(), "53")
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return nurse.Dial(ctx, network, server)
	}}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for _, name := range []string{"ehr", "pacs", "files", "portal"} {
		if _, err := r.LookupIPAddr(ctx, name+"."+Domain+"."); err != nil {
			return err
		}
	}
	if _, err := r.LookupMX(ctx, Domain+"."); err != nil {
		return err
	}
	if _, err := r.LookupTXT(ctx, Domain+"."); err != nil {
		return err
	}
	if _, _, err := r.LookupSRV(ctx, "kerberos", "udp", Domain+"."); err != nil {
		return err
	}
	if _, err := r.LookupAddr(ctx, addrOf("pacs").String()); err != nil {
		return err
	}
	if _, err := r.LookupHost(ctx, "nosuchhost."+Domain+"."); err == nil {
		return fmt.Errorf("nosuchhost resolves, and must not")
	}
	return nil
}
