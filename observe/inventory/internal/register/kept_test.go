package register

import (
	"net/netip"
	"reflect"
	"testing"
)

func FuzzTrace(f *testing.F) {
	for _, t := range []*Trace{
		{Addr: netip.MustParseAddr("10.0.0.1"), First: 1_700_000_000_000_000_000},
		{Addr: netip.MustParseAddr("fe80::1%eth0"), First: -5, Over: true, Heir: true, Crowd: Hostname, Gap: 1 << 50, Bars: []Bar{{AE, "PACS", "10.0.0.9 has it"}, {MAC, "00:11:22:33:44:55", ""}}, Facts: []Fact{
			{Field: MAC, Value: "00:11:22:33:44:55", Source: "arp", Sure: Certain, First: -5, Last: 1 << 62, Count: 1 << 31},
			{Field: Hostname, Value: "ward\x00é", Source: "dhcp", Sure: Likely, First: 90, Last: 80}}},
	} {
		b := t.Append(nil)
		got, err := new(Unpacker).Trace(b)
		if err != nil || !reflect.DeepEqual(got, t) {
			f.Fatalf("%+v, %v; want %+v", got, err, t)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var u Unpacker
		x, err := u.Trace(b)
		if err != nil {
			return
		}
		again, err := u.Trace(x.Append(nil))
		if err != nil || !reflect.DeepEqual(again, x) {
			t.Errorf("%+v is kept as %+v, %v", x, again, err)
		}
	})
}
