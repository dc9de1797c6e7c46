package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// clinicalServers are the servers that live in this process: HL7 receivers and FHIR.
type clinicalServers struct {
	hl7  []*hl7Server
	web  []*http.Server
	wait sync.WaitGroup
}

// close ends the servers and waits for their goroutines.
func (c *clinicalServers) close() error {
	var errs []error
	for _, s := range c.hl7 {
		errs = append(errs, s.close())
	}
	for _, s := range c.web {
		errs = append(errs, s.Close())
	}
	c.wait.Wait()
	return errors.Join(errs...)
}

func startClinical(_ context.Context, h *Hospital) error {
	for _, r := range []struct {
		host, as string
		port     int
	}{{"ehr", "EHR", ehrHL7}, {"lis", "LAB", lisHL7}} {
		l, err := h.Host(r.host).Listen(r.port)
		if err != nil {
			return err
		}
		h.clinical.hl7 = append(h.clinical.hl7, serveHL7(l, r.as))
	}
	return h.serveHTTP(h.Host("ehr"), fhirPort, newFHIR())
}

// serveHTTP serves on a host until the lab closes.
func (h *Hospital) serveHTTP(host *Host, port int, handler http.Handler) error {
	l, err := host.Listen(port)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	h.clinical.web = append(h.clinical.web, s)
	h.clinical.wait.Go(func() { s.Serve(l) }) //nolint:errcheck // it ends with Close
	return nil
}

// fhirPort is where the FHIR server hides behind nginx.
const fhirPort = 8080

// admitPatients is a morning of the admission desk: admit, move, update, discharge.
func admitPatients(ctx context.Context, h *Hospital) error {
	now := time.Now()
	var all []hl7Message
	for i, p := range Patients {
		all = append(all, hl7Message{admission(p, "A01", fmt.Sprintf("ADT%04d", i), fmt.Sprint(10+i), "I", now), "AA"})
	}
	all = append(all,
		hl7Message{admission(Patients[1], "A02", "ADT0100", "21", "I", now), "AA"},
		hl7Message{admission(Patients[2], "A08", "ADT0101", "12", "I", now), "AA"},
		hl7Message{admission(Patients[3], "A03", "ADT0102", "13", "I", now), "AA"},
	)
	return h.sendAll(ctx, "nurse1", "ehr", ehrHL7, all)
}

// refusedMessages are one that the record finds wrong and one of a type that it does not take.
func refusedMessages(ctx context.Context, h *Hospital) error {
	now := time.Now()
	return h.sendAll(ctx, "nurse1", "ehr", ehrHL7, []hl7Message{
		{admission(Patients[4], "A01", "ADT0200", "14", "Z", now), "AE"},
		{billing(Patients[4], "BAR0001", now), "AR"},
	})
}

// laboratoryResults come from the laboratory, on a connection that is kept.
func laboratoryResults(ctx context.Context, h *Hospital) error {
	now := time.Now()
	var all []hl7Message
	for i, p := range Patients {
		all = append(all, hl7Message{laboratory(p, fmt.Sprintf("LAB%04d", i), 5+3*i, now), "AA"})
	}
	return h.sendAll(ctx, "lis", "ehr", ehrHL7, all)
}

// laboratoryOrders go from the record to the laboratory.
func laboratoryOrders(ctx context.Context, h *Hospital) error {
	now := time.Now()
	return h.sendAll(ctx, "ehr", "lis", lisHL7, []hl7Message{
		{order(Patients[0], "ORD0001", now), "AA"}, {order(Patients[5], "ORD0002", now), "AA"},
	})
}

// pumpReports are what the infusion pumps say of themselves; the second one has its address by lease.
func pumpReports(ctx context.Context, h *Hospital) error {
	now, pump := time.Now(), h.Host("pump1")
	second := infusion(Patients[3], h.Host("pump2").MAC, "PMP2001", 12, now)
	if err := h.sendAll(ctx, "pump2", "ehr", ehrHL7, []hl7Message{{second, "AA"}}); err != nil {
		return err
	}
	return h.sendAll(ctx, "pump1", "ehr", ehrHL7, []hl7Message{
		{infusion(Patients[0], pump.MAC, "PMP0001", 40, now), "AA"},
		{infusion(Patients[0], pump.MAC, "PMP0002", 42, now), "AA"},
		{infusion(Patients[0], pump.MAC, "PMP0003", 45, now), "AA"},
	})
}

// bedsideVitals are what the monitor reports.
func bedsideVitals(ctx context.Context, h *Hospital) error {
	now := time.Now()
	return h.sendAll(ctx, "monitor1", "ehr", ehrHL7, []hl7Message{
		{vitals(Patients[1], "MON0001", 71, now), "AA"}, {vitals(Patients[1], "MON0002", 74, now), "AA"},
	})
}
