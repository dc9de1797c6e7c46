package netflow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func be(values ...any) (p []byte) {
	for _, v := range values {
		switch v := v.(type) {
		case uint8:
			p = append(p, v)
		case uint16:
			p = binary.BigEndian.AppendUint16(p, v)
		case uint32:
			p = binary.BigEndian.AppendUint32(p, v)
		case uint64:
			p = binary.BigEndian.AppendUint64(p, v)
		case []byte:
			p = append(p, v...)
		}
	}
	return p
}

// set is a set of version 9 or IPFIX.
func set(id uint16, body ...any) []byte {
	b := be(body...)
	return be(id, uint16(len(b)+4), b)
}

const sent = 1777622400 // unix seconds

func nine(sequence uint32, sets ...[]byte) []byte {
	return be(uint16(9), uint16(1), uint32(60_000), uint32(sent), sequence, uint32(7), slices.Concat(sets...))
}

func ten(sequence uint32, sets ...[]byte) []byte {
	b := slices.Concat(sets...)
	return be(uint16(10), uint16(16+len(b)), uint32(sent), sequence, uint32(7), b)
}

var a, b = []byte{10, 0, 0, 1}, []byte{10, 0, 0, 2}

func five() []byte {
	return be(uint16(5), uint16(1), uint32(60_000), uint32(sent), uint32(0), uint32(1), uint16(0), uint16(0x4000|100), a, b, []byte{0, 0, 0, 0},
		uint16(3), uint16(4), uint32(10), uint32(1000), uint32(58_000), uint32(59_000), uint16(40_000), uint16(443), uint8(0), uint8(0x1b), uint8(6),
		make([]byte, 9))
}

func nineTemplate() []byte {
	return set(0, uint16(256), uint16(8), uint16(8), uint16(4), uint16(12), uint16(4), uint16(7), uint16(2), uint16(11), uint16(2), uint16(4), uint16(1),
		uint16(1), uint16(4), uint16(22), uint16(4), uint16(21), uint16(4))
}

func nineData() []byte {
	return set(256, a, b, uint16(40_000), uint16(443), uint8(6), uint32(1000), uint32(58_000), uint32(59_000), []byte{0, 0, 0})
}

// nineOptions tell that one packet of 50 is looked at: a scope of four bytes, then the option.
func nineOptions() []byte {
	return slices.Concat(set(1, uint16(257), uint16(4), uint16(4), uint16(1), uint16(4), uint16(34), uint16(4)), set(257, uint32(0), uint32(50)))
}

func tenTemplate() []byte {
	return set(2, uint16(300), uint16(8), uint16(27), uint16(16), uint16(28), uint16(16), uint16(4), uint16(1), uint16(1), uint16(8),
		uint16(0x8001), uint16(8), uint32(29305), uint16(152), uint16(8), uint16(153), uint16(8), uint16(0x8000|99), uint16(0xFFFF), uint32(9))
}

func tenData() []byte {
	v6 := func(n byte) []byte { return append(make([]byte, 15), n) }
	return set(300, v6(1), v6(2), uint8(17), uint64(500), uint64(700), uint64(sent*1000-5000), uint64(sent*1000-1000), []byte{3, 'a', 'b', 'c'})
}

// read is what an exporter's datagrams tell.
func read(e *Exporter, datagrams ...[]byte) (string, error) {
	var out strings.Builder
	for _, p := range datagrams {
		err := e.Decode(p, func(f *Flow) {
			fmt.Fprintf(&out, "%v:%d>%v:%d %d %d/%d both %v %d/%d 1:%d %s+%v|", f.Src, f.SrcPort, f.Dst, f.DstPort, f.Proto, f.Packets, f.Bytes, f.Both,
				f.PacketsBack, f.BytesBack, f.Sampling, time.Unix(0, f.Start).UTC().Format("15:04:05"), time.Duration(f.End-f.Start))
		})
		if err != nil {
			return out.String(), err
		}
	}
	return out.String(), nil
}

func TestDatagrams(t *testing.T) {
	for _, c := range []struct {
		does string
		p    [][]byte
		want string
	}{
		{"version 5, sampled", [][]byte{five()}, "10.0.0.1:40000>10.0.0.2:443 6 10/1000 both false 0/0 1:100 07:59:58+1s|"},
		{"version 9: the template, then a record", [][]byte{nine(1, nineTemplate(), nineData())}, "10.0.0.1:40000>10.0.0.2:443 6 0/1000 both false 0/0 1:0 07:59:58+1s|"},
		{"version 9: the template came before, and how it samples", [][]byte{nine(1, nineTemplate()), nine(2, nineOptions()), nine(3, nineData())},
			"10.0.0.1:40000>10.0.0.2:443 6 0/1000 both false 0/0 1:50 07:59:58+1s|"},
		{"version 9: no template, no record", [][]byte{nine(1, nineData())}, ""},
		{"IPFIX: both directions, and a field of a maker of its own length", [][]byte{ten(1, tenTemplate(), tenData())},
			"::1:0>::2:0 17 0/500 both true 0/700 1:0 07:59:55+4s|"},
		{"IPFIX: a template that is withdrawn", [][]byte{ten(1, tenTemplate()), ten(1, set(2, uint16(300), uint16(0))), ten(1, tenData())}, ""},
	} {
		t.Run(c.does, func(t *testing.T) {
			var e Exporter
			if got, err := read(&e, c.p...); got != c.want || err != nil {
				t.Errorf("got  %s %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestWhatIsLostIsCounted(t *testing.T) {
	var e Exporter
	if _, err := read(&e, nine(1, nineTemplate()), nine(5, nineData())); err != nil || e.Lost != 3 {
		t.Errorf("version 9: got %d lost, %v; want 3", e.Lost, err)
	}
	e = Exporter{}
	if _, err := read(&e, ten(10, tenTemplate(), tenData()), ten(14, tenData())); err != nil || e.Lost != 3 {
		t.Errorf("IPFIX: got %d lost, %v; want 3", e.Lost, err)
	}
	e = Exporter{}
	if _, err := read(&e, nine(1, nineData())); err != nil || e.Unknown != 1 {
		t.Errorf("got %d unknown, %v; want 1", e.Unknown, err)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want error
	}{
		{"nothing", nil, ErrShort},
		{"another version", be(uint16(8), uint16(1)), ErrVersion},
		{"records that end early", five()[:60], ErrShort},
		{"a set that is longer than the datagram", nine(1, be(uint16(0), uint16(100))), ErrShort},
		{"records of no bytes", nine(1, set(0, uint16(256), uint16(1), uint16(8), uint16(0))), ErrTemplate},
		{"too many fields", nine(1, set(0, uint16(256), uint16(5000))), ErrTemplate},
	} {
		var e Exporter
		if _, err := read(&e, c.p); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.does, err, c.want)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var e Exporter
	for n := range 2000 {
		p := nine(uint32(n), set(0, uint16(256+n), uint16(1), uint16(8), uint16(4)))
		binary.BigEndian.PutUint32(p[16:], uint32(n))
		_, _ = read(&e, p)
	}
	if len(e.templates) > maxTemplates || len(e.domains) > maxDomains {
		t.Errorf("got %d templates, %d domains", len(e.templates), len(e.domains))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(five(), nine(1, nineTemplate(), nineOptions(), nineData()))
	f.Add(ten(1, tenTemplate(), tenData()), ten(2, tenData()))
	f.Fuzz(func(t *testing.T, p, q []byte) {
		var e Exporter
		_, _ = read(&e, p)
		_, _ = read(&e, q)
		_, _ = read(&e, p)
	})
}
