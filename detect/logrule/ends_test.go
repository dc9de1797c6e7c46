package logrule

import (
	"net/netip"
	"testing"

	"bulwark/event"
	"bulwark/platform/clock"
)

// ward is where the machines of a ward are.
type ward struct{}

func (ward) Called(name string) netip.Addr {
	if name == "srv1" {
		return netip.MustParseAddr("10.20.1.30")
	}
	return netip.Addr{}
}

func (ward) Wearing(mac string) netip.Addr {
	if mac == "F4-4D-30-20-04-4D" {
		return netip.MustParseAddr("10.20.4.77")
	}
	return netip.Addr{}
}

func TestWhatALogSaysIsOfWhoDidItNotOfWhoWroteIt(t *testing.T) {
	r := &Room{needs: Needs{Hosts: ward{}, Clock: clock.System{}}}
	record, repository := netip.MustParseAddr("10.20.2.20"), netip.MustParseAddr("10.20.2.99")
	for _, c := range []struct {
		does     string
		payload  event.Payload
		src, dst netip.Addr
		want     string // source and target
	}{
		{"an audit message is of the machine at which the person was", &event.ATNA{Nodes: []string{"EHR1", "10.20.4.21"}}, record, repository, "10.20.4.21 10.20.2.20"},
		{"that machine may be told by its name", &event.ATNA{Nodes: []string{"srv1"}}, record, repository, "10.20.1.30 10.20.2.20"},
		{"the system that reports is not blamed", &event.ATNA{}, record, repository, "invalid IP 10.20.2.20"},
		{"a switch that asks for a device is not blamed", &event.RADIUS{MAC: "F4-4D-30-20-04-4D"}, record, repository, "10.20.4.77 10.20.2.99"},
		{"nor is it where a sign-on is told", &event.Auth{MAC: "F4-4D-30-20-04-4D"}, record, repository, "10.20.4.77 10.20.2.99"},
		{"a sign-on without a switch is of who is seen", &event.Auth{}, record, repository, "10.20.2.20 10.20.2.99"},
		{"nor is it where the device is not known", &event.RADIUS{MAC: "02-00-00-00-00-01"}, record, repository, "invalid IP 10.20.2.99"},
		{"a log that names a hardware address is of its device", &event.Log{Host: "srv1", Fields: []string{"source.mac", "F4-4D-30-20-04-4D"}}, netip.Addr{}, netip.Addr{}, "10.20.4.77 10.20.1.30"},
		{"a log that names nobody is of the machine that wrote it", &event.Log{Host: "srv1"}, netip.Addr{}, netip.Addr{}, "10.20.1.30 invalid IP"},
	} {
		e := event.Event{Header: event.Header{Src: c.src, Dst: c.dst}, Payload: c.payload}
		var live Live
		h := r.ends(live.Read(&e), &e)
		if got := h.Src.String() + " " + h.Dst.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.does, got, c.want)
		}
	}
}

func TestAPersonIsTheSameInEveryLog(t *testing.T) {
	for account, want := range map[string]string{`HOSPITAL\A.Nurse`: "a.nurse", "a.nurse@hospital.example": "a.nurse", " a.nurse ": "a.nurse",
		`NT AUTHORITY\SYSTEM`: "", "PC-7$": "", "root": "", "-": ""} {
		if got := person(account); got != want {
			t.Errorf("%q: got %q, want %q", account, got, want)
		}
	}
	c := &Correlated{Group: map[string]string{"TargetUserName": "B.Doctor", "IpAddress": "10.0.0.9"}}
	e := &event.Event{Payload: &event.Log{User: "a.nurse"}}
	if got := userOf(c, nil, e); got != "b.doctor" {
		t.Errorf("got %q, want whom the correlation groups by", got)
	}
}
