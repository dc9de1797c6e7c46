package evidence

import (
	"net/netip"
	"slices"
	"testing"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
)

// told are the values of a field that events say of an address.
func told(at string, field register.Field, events ...event.Event) []string {
	var values []string
	r := Reader{See: func(s *register.Sighting) {
		if s.At == netip.MustParseAddr(at) && s.Field == field {
			values = append(values, string(append([]byte(nil), s.Value...))) // it may point into the event
		}
	}}
	r.Want([]string{"tcp/9100", "udp/17500", "tcp/*"}, []string{"windowsupdate.com", "apple.com", "push.apple.com"})
	for i := range events {
		r.Read(&events[i])
	}
	return values
}

// between is an event of two ends.
func between(src, dst string, proto uint8, port uint16, p event.Payload) event.Event {
	e := event.Event{Payload: p}
	e.Src, e.Dst, e.Proto, e.Ports.Src, e.Ports.Dst = netip.MustParseAddr(src), netip.MustParseAddr(dst), proto, 50000, port
	return e
}

func TestOfNamesThatAreCalledOnlyThoseThatRulesAskForAreTold(t *testing.T) {
	tests := []struct {
		name    string
		payload event.Payload
		want    []string
	}{
		{"a name that a rule has", &event.TLS{SNI: "windowsupdate.com"}, []string{"windowsupdate.com"}},
		{"a name below one that a rule has, in capitals", &event.HTTP{Host: "CTLDL.WindowsUpdate.com"}, []string{"windowsupdate.com"}},
		{"the longest of several", &event.QUIC{SNI: "1-courier.push.apple.com"}, []string{"push.apple.com"}},
		{"a name that only ends alike", &event.TLS{SNI: "notwindowsupdate.com"}, nil},
		{"another name", &event.TLS{SNI: "hospital.example"}, nil},
		{"an address", &event.HTTP{Host: "10.0.0.1"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := told("10.0.0.9", register.Calls, between("10.0.0.9", "192.0.2.1", 6, 443, tt.payload))
			if !slices.Equal(got, tt.want) {
				t.Errorf("calls %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNamesThatOthersCallAServerByAreToldWhereItAnswers(t *testing.T) {
	tests := []struct {
		name    string
		payload event.Payload
		want    []string
	}{
		{"a page that is there", &event.HTTP{Host: "EHR.hospital.example", Status: 200}, []string{"ehr"}},
		{"a page that is not there", &event.HTTP{Host: "ehr.hospital.example", Status: 404}, nil},
		{"an address", &event.HTTP{Host: "10.0.0.9", Status: 200}, nil},
		{"an address of IPv6", &event.HTTP{Host: "[fd00::9]", Status: 200}, nil},
		{"a name that ends in a digit", &event.HTTP{Host: "pacs2", Status: 302}, []string{"pacs2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := told("10.0.0.9", register.CalledAs, between("10.0.0.1", "10.0.0.9", 6, 80, tt.payload)); !slices.Equal(got, tt.want) {
				t.Errorf("it is called %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPortsAreToldWhereRulesAskForThem(t *testing.T) {
	answered := &event.Flow{BytesOut: 100, BytesIn: 100, FlagsOut: 0x1a, FlagsIn: 0x1a}
	tests := []struct {
		name  string
		e     event.Event
		at    string
		field register.Field
		want  []string
	}{
		{"who answers", between("10.0.0.9", "10.0.0.1", 6, 9100, answered), "10.0.0.1", register.Port, []string{"tcp/9100"}},
		{"who asks", between("10.0.0.9", "10.0.0.1", 6, 9100, answered), "10.0.0.9", register.AsksPort, []string{"tcp/9100"}},
		{"who asks all", between("10.0.0.9", "255.255.255.255", 17, 17500, &event.Flow{BytesOut: 100}), "10.0.0.9", register.AsksPort, []string{"udp/17500"}},
		{"another port", between("10.0.0.9", "10.0.0.1", 6, 9101, answered), "10.0.0.1", register.Port, nil},
		{"who answers what nobody knows", between("10.0.0.9", "10.0.0.1", 6, 9101, answered), "10.0.0.1", register.Role, []string{"answers connections"}},
		{"who begins what nobody knows", between("10.0.0.9", "10.0.0.1", 6, 9101, answered), "10.0.0.9", register.Role, []string{"begins connections"}},
		{"a port that systems give to those who begin", between("10.0.0.9", "10.0.0.1", 6, 49152, answered), "10.0.0.1", register.Role, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := told(tt.at, tt.field, tt.e); !slices.Equal(got, tt.want) {
				t.Errorf("%s says %s %q, want %q", tt.at, tt.field, got, tt.want)
			}
		})
	}
}
