package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// feed is a clinical conversation that goes on all the time: each message is sent when the one before was acknowledged and a moment
// has passed. One that was not acknowledged is lost; the next is sent over a new connection.
type feed struct {
	name  string
	every time.Duration
	send  func(ctx context.Context, n int) error
	close func() error // nil: nothing is held open

	sent, acknowledged int
	failed             error // the first
}

// feeds run until they are stopped.
type feeds struct {
	all  []*feed
	stop context.CancelFunc
	wait sync.WaitGroup
	h7   *hl7Server
}

// gatewayName is the station that the infusion pumps report to, and which reports to the record.
const gatewayName = "infusion"

var gatewayStation = station{gatewayName, "00:03:b1:20:05:1e", "10.20.5.30"}

// startFeeds has the pumps, the infusion gateway, the monitor, the laboratory, the scanner, the reading station and the office PCs
// at work.
func (h *Hospital) startFeeds(ctx context.Context) (*feeds, error) {
	host, err := h.AddHost(gatewayStation.name, gatewayStation.mac, prefixOf(gatewayStation), addrOf("gateway"), addrOf("names"))
	if err != nil {
		return nil, err
	}
	l, err := host.Listen(ehrHL7)
	if err != nil {
		return nil, err
	}
	scan, err := modalityOf("ct1").make(h, Patients[0])
	if err != nil {
		return nil, err
	}
	pump := h.Host("pump1").MAC
	f := &feeds{h7: serveHL7(l, "INFUSION")}
	f.all = []*feed{
		h.messages("pump to the infusion gateway", "pump1", host.Addr.String(), 300*time.Millisecond, func(n int) string {
			return infusion(Patients[0], pump, fmt.Sprint("PG", n), 40+n%7, time.Now())
		}),
		h.messages("infusion gateway to the record", gatewayName, addrOf("ehr").String(), 300*time.Millisecond, func(n int) string {
			return infusion(Patients[0], pump, fmt.Sprint("GE", n), 40+n%7, time.Now())
		}),
		h.messages("monitor to the record", "monitor1", addrOf("ehr").String(), 500*time.Millisecond, func(n int) string {
			return vitals(Patients[1], fmt.Sprint("MV", n), 66+n%11, time.Now())
		}),
		h.messages("laboratory to the record", "lis", addrOf("ehr").String(), time.Second, func(n int) string {
			return laboratory(Patients[2], fmt.Sprint("LR", n), 8+n%9, time.Now())
		}),
		{name: "scanner to the PACS (C-STORE)", every: 2 * time.Second, send: func(ctx context.Context, _ int) error {
			_, err := h.Host("ct1").Run(ctx, "storescu", "-aet", "CT_ROOM1", "-aec", "PACS", addrOf("pacs").String(), fmt.Sprint(pacsPort), scan[0])
			return err
		}},
		{name: "reading station to the PACS (C-FIND)", every: 2 * time.Second, send: func(ctx context.Context, n int) error {
			return h.dicom(ctx, "viewer1", "findscu", "-P -aet VIEWER1 -aec PACS -k QueryRetrieveLevel=PATIENT -k PatientID="+Patients[n%len(Patients)].MRN+" -k PatientName")
		}},
	}
	for n := range officePCs { // which are isolated on the way, and go on to read the record
		from, p := officeStation(n).name, Patients[n%len(Patients)]
		f.all = append(f.all, &feed{name: from + " to the record (FHIR)", every: 2 * time.Second, send: func(ctx context.Context, _ int) error {
			return h.readsRecord(ctx, from, p, patience)
		}})
	}
	ctx, f.stop = context.WithCancel(ctx)
	for _, x := range f.all {
		f.wait.Go(func() { x.run(ctx) })
	}
	return f, nil
}

// run sends until ctx ends. A message that is under way then is waited for.
func (f *feed) run(ctx context.Context) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for ctx.Err() == nil {
		f.sent++
		if err := f.send(context.WithoutCancel(ctx), f.sent); err == nil {
			f.acknowledged++
		} else if f.failed == nil {
			f.failed = fmt.Errorf("%s, message %d: %w", f.name, f.sent, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	if f.close != nil {
		f.close() //nolint:errcheck // everything sent was acknowledged or is counted as lost
	}
}

// end stops the feeds, and says how many messages were sent, how many of them were not acknowledged, and why the first were not.
func (f *feeds) end() (sent, lost int, err error) {
	f.stop()
	f.wait.Wait()
	var all []error
	for _, x := range f.all {
		sent, lost = sent+x.sent, lost+x.sent-x.acknowledged
		all = append(all, x.failed)
	}
	return sent, lost, errors.Join(append(all, f.h7.close())...)
}

// messages is a feed of HL7 over a connection that is kept.
func (h *Hospital) messages(name, from, to string, every time.Duration, make func(n int) string) *feed {
	var c *hl7Client
	drop := func() error {
		if c == nil {
			return nil
		}
		err := c.c.Close()
		c = nil
		return err
	}
	return &feed{name: name, every: every, close: drop, send: func(ctx context.Context, n int) error {
		if c == nil {
			conn, err := h.Host(from).Dial(ctx, "tcp4", fmt.Sprintf("%s:%d", to, ehrHL7))
			if err != nil {
				return err
			}
			c = &hl7Client{c: conn, r: bufio.NewReader(conn)}
		}
		err := c.c.SetDeadline(time.Now().Add(patience))
		var got string
		if err == nil {
			got, err = c.send(make(n))
		}
		if err == nil && got != "AA" {
			err = fmt.Errorf("acknowledged with %q, want AA", got)
		}
		if err != nil {
			return errors.Join(err, drop())
		}
		return nil
	}}
}

// readsRecord has a host ask the record for a patient, over a connection of its own.
func (h *Hospital) readsRecord(ctx context.Context, from string, p Patient, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return h.Host(from).Dial(ctx, "tcp4", addrOf("ehr").String()+":80")
	}}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://ehr."+Domain+"/fhir/Patient/"+p.MRN, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", fhirType)
	a, err := c.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err == nil && (a.StatusCode != http.StatusOK || !strings.Contains(string(body), p.MRN)) {
		err = fmt.Errorf("the record answers %s: %.100s", a.Status, body)
	}
	return err
}
