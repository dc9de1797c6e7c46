package event

import (
	"errors"
	"net/netip"
	"reflect"
	"strconv"
	"testing"
)

// full is a payload of the kind in which every field differs from its zero value.
func full(k Kind) Payload {
	p := New(k)
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(v.Type().Field(i).Name + "é")
		case reflect.Uint64:
			f.SetUint(uint64(300 + i))
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{"", "a", v.Type().Field(i).Name}))
		}
	}
	return p
}

func header(i int) Header {
	h := Header{Time: 1_700_000_000_000_000_000 - int64(i)*1e9, Flow: uint64(i), Proto: 6, VLAN: uint16(i), Back: i%2 == 1,
		Src: netip.MustParseAddr("10.1.2.3"), Dst: netip.MustParseAddr("2001:db8::1"), Ports: Ports{1, 65535}}
	if i == 0 {
		return Header{Time: h.Time}
	}
	return h
}

func TestEveryFieldOfEveryKindSurvivesABatch(t *testing.T) {
	var b Batch
	b.Reset("sensor-1", "site", 42)
	for i, k := range Kinds() {
		h := header(i)
		b.Add(&h, full(k))
	}
	var r Reader
	if err := r.Open(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	if r.Sensor != "sensor-1" || r.Site != "site" || r.ID != 42 || r.Len() != len(Kinds()) {
		t.Errorf("got head %q %q %d %d", r.Sensor, r.Site, r.ID, r.Len())
	}
	var e Event
	for i, k := range Kinds() {
		if !r.Next(&e) {
			t.Fatalf("%v: no event: %v", k, r.Err())
		}
		if want := header(i); e.Header != want {
			t.Errorf("%v: got header %+v, want %+v", k, e.Header, want)
		}
		if want := full(k); !reflect.DeepEqual(e.Payload, want) {
			t.Errorf("%v: got %+v, want %+v", k, e.Payload, want)
		}
	}
	if r.Next(&e) || r.Err() != nil {
		t.Errorf("an event after the last, or %v", r.Err())
	}
}

func TestTheEventsOfASplitBatchKeepTheirIDs(t *testing.T) {
	var b Batch
	b.Reset("s", "x", 7)
	for i := range 7 {
		h := header(i)
		b.Add(&h, &DNS{ID: uint64(i)})
	}
	var pieces [][]byte
	var cut func(batch []byte)
	cut = func(batch []byte) {
		one, two, err := Split(batch)
		if err != nil {
			pieces = append(pieces, batch)
			return
		}
		cut(one)
		cut(two)
	}
	cut(b.Bytes())
	if len(pieces) != 7 {
		t.Fatalf("got %d pieces, want 7", len(pieces))
	}
	for i, p := range pieces {
		var r Reader
		var e Event
		if err := r.Open(p); err != nil || !r.Next(&e) || r.Index() != i || r.First() != i || e.Payload.(*DNS).ID != uint64(i) ||
			e.Time != header(i).Time || string(r.EventID(nil)) != "s-7."+strconv.Itoa(i) {
			t.Errorf("piece %d: got index %d, event %+v, %v", i, r.Index(), e, err)
		}
	}
}

func TestFieldNumbersAndPathsAreUniqueInAKind(t *testing.T) {
	for _, k := range Kinds() {
		numbers, paths := map[int]bool{}, map[string]bool{}
		all := Attributes(k)
		if got := reflect.TypeOf(New(k)).Elem().NumField(); got != len(all) {
			t.Errorf("%v: %d fields, %d attributes: each field must be listed once", k, got, len(all))
		}
		for _, a := range all {
			if numbers[a.Number] || paths[a.Path] || a.Number < 1 || a.Number >= maxField {
				t.Errorf("%v: number %d or path %q twice or out of range", k, a.Number, a.Path)
			}
			numbers[a.Number], paths[a.Path] = true, true
		}
	}
}

func TestKindNames(t *testing.T) {
	for _, k := range Kinds() {
		if k.String() == "" || KindOf(k.String()) != k || New(k).Kind() != k {
			t.Errorf("kind %d: name %q leads to %d, payload to %d", k, k, KindOf(k.String()), New(k).Kind())
		}
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	var b Batch
	p, h := &DNS{Hostname: "pacs.hosp.example", Answers: []string{"10.0.0.1"}}, header(1)
	got := testing.AllocsPerRun(1000, func() {
		b.Reset("s", "", 1)
		for range 10 {
			b.Add(&h, p)
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations a batch, want 0", got)
	}
}

func TestJSON(t *testing.T) {
	var p Printer
	h := header(3)
	h.Time = 1_700_000_000_123_000_000
	got := string(p.AppendJSON(nil, "s1", &Event{h, &DNS{Hostname: "a\"b\x00\xff", Answers: []string{"x", "y"}, Opcode: 2}}))
	want := `{"time":"2023-11-14T22:13:20.123Z","kind":"dns","sensor":"s1","connection_info.uid":3,` +
		`"connection_info.protocol_name":"tcp","src_endpoint.ip":"10.1.2.3","src_endpoint.port":1,` +
		`"dst_endpoint.ip":"2001:db8::1","dst_endpoint.port":65535,"src_endpoint.vlan_uid":3,` +
		`"query.hostname":"a\"b\u0000\ufffd","answers.rdata":["x","y"],"query.opcode_id":2}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// FuzzReader feeds a batch's reader, which the parent trusts no more than the wire, any bytes.
func FuzzReader(f *testing.F) {
	var b Batch
	b.Reset("s", "x", 7)
	for i, k := range Kinds() {
		h := header(i)
		b.Add(&h, full(k))
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		var r Reader
		if err := r.Open(in); err != nil {
			if !errors.Is(err, ErrBatch) {
				t.Fatal(err)
			}
			return
		}
		var e Event
		var p Printer
		var out []byte
		n := 0
		for ; r.Next(&e); n++ {
			out = p.AppendJSON(out[:0], r.Sensor, &e)
		}
		one, two, err := Split(in)
		if err != nil || r.Err() != nil {
			return
		}
		for _, half := range [][]byte{one, two} {
			if err := r.Open(half); err != nil {
				t.Fatal(err)
			}
			for r.Next(&e) {
				n--
			}
			if r.Err() != nil {
				t.Fatal(r.Err())
			}
		}
		if n != 0 {
			t.Errorf("%d events were lost in two", n)
		}
	})
}

func BenchmarkAddDNS(b *testing.B) {
	var batch Batch
	p, h := &DNS{Activity: "Response", Hostname: "pacs.hosp.example", Type: "A", ID: 4711, Rcode: "NOERROR",
		Answers: []string{"10.0.0.1"}}, header(1)
	b.ReportAllocs()
	for i := range b.N {
		if i%500 == 0 {
			batch.Reset("s", "", 1)
		}
		batch.Add(&h, p)
	}
}

func BenchmarkRead(b *testing.B) {
	var batch Batch
	p, h := &DNS{Activity: "Response", Hostname: "pacs.hosp.example", Type: "A", ID: 4711, Rcode: "NOERROR",
		Answers: []string{"10.0.0.1"}}, header(1)
	batch.Reset("s", "", 1)
	for range 500 {
		batch.Add(&h, p)
	}
	var r Reader
	var e Event
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Open(batch.Bytes()); err != nil {
			b.Fatal(err)
		}
		for r.Next(&e) {
		}
	}
}
