package store

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"bulwark/event"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func testStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(Options{Dir: t.TempDir(), FlowRetention: 100 * 365 * 24 * time.Hour, Retention: 100 * 365 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// hospital fills a store with a morning of a small hospital: 10 DNS questions, 20 flows, 2 DICOM stores, 1 sign-in.
func hospital(t *testing.T, s *Store) {
	t.Helper()
	var b event.Batch
	b.Reset("sensor-1", "north", 7)
	header := func(i int, src, dst string, port uint16) event.Header {
		return event.Header{Time: noon.Add(time.Duration(i) * time.Second).UnixNano(), Flow: uint64(i + 1), Proto: 6,
			Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Ports: event.Ports{Src: uint16(40000 + i), Dst: port}}
	}
	for i := range 10 {
		h := header(i, fmt.Sprintf("10.0.0.%d", i), "10.0.0.53", 53)
		h.Proto = 17
		b.Add(&h, &event.DNS{Activity: "Response", Hostname: fmt.Sprintf("pacs%d.hosp.example", i%2), Type: "A", Rcode: "NOERROR",
			Answers: []string{"10.1.0.1", `odd "quoted" text`}, Latency: uint64(i) * 1e6})
	}
	for i := range 20 {
		h := header(i, "10.0.0.1", fmt.Sprintf("192.0.2.%d", i%4), 443)
		b.Add(&h, &event.Flow{Activity: "Close", App: "tls", BytesOut: 1000 * uint64(i), BytesIn: 10, OneSided: i == 3})
	}
	for i := range 2 {
		h := header(30+i, "2001:db8::5", "10.1.0.1", 104)
		b.Add(&h, &event.DICOM{Activity: "Store", CallingAE: "CT_SCANNER", CalledAE: "ORTHANC", Modality: "CT"})
	}
	h := header(40, "10.0.0.9", "10.1.0.2", 88)
	b.Add(&h, &event.Auth{User: "Martin", Outcome: "failure", Protocol: "Kerberos"})
	h = header(50, "10.0.0.9", "203.0.113.9", 80)
	b.Add(&h, &event.HTTP{Method: "GET", Host: "example.com", URL: "/cgi-bin/evil-loader7.php?a=(b)", UserAgent: "curl/8 | x"})
	if err := s.Add(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	for _, sh := range s.shelves {
		sh.db.DebugFlush()
	}
}

func TestSearch(t *testing.T) {
	s := testStore(t)
	hospital(t, s)
	for _, c := range []struct {
		what string
		q    Query
		want uint64
	}{
		{"everything", Query{}, 34},
		{"one kind", Query{Text: "kind:dns"}, 10},
		{"two kinds", Query{Text: "kind:(dns or dicom)"}, 12},
		{"either end", Query{Text: "ip:10.0.0.1"}, 21},
		{"source alone", Query{Text: "src:10.0.0.9"}, 3},
		{"a network", Query{Text: "dst:192.0.2.0/31"}, 10},
		{"an IPv6 address in another form", Query{Text: "src:2001:0db8:0:0::5"}, 2},
		{"a bare IPv6 address", Query{Text: "2001:db8::5"}, 2},
		{"the beginning of an address", Query{Text: "dst:192.0.2.*"}, 20},
		{"a port", Query{Text: "dport:443"}, 20},
		{"a range of ports", Query{Text: "dport:1..103"}, 12},
		{"a comparison with a unit", Query{Text: "bytes:>=10KB"}, 10},
		{"a duration", Query{Text: "response_time:>5ms"}, 4},
		{"an inner word of a host name", Query{Text: "domain:hosp"}, 10},
		{"the end of a name", Query{Text: "domain:*1.hosp.example"}, 5},
		{"a piece of a URL", Query{Text: "url:*il-load*"}, 1},
		{"parentheses in quotes", Query{Text: `url:"a=(b)"`}, 1},
		{"a word anywhere", Query{Text: "evil-loader7"}, 1},
		{"a word in another case", Query{Text: "user:martin"}, 1},
		{"capitals against small letters", Query{Text: "AE:ct_scanner or modality:ct"}, 2},
		{"and binds closer than or", Query{Text: "kind:dns domain:pacs1 or kind:auth"}, 6},
		{"negation", Query{Text: "kind:dns -domain:pacs1.hosp.example"}, 5},
		{"negated parentheses", Query{Text: "kind:dns not (src:10.0.0.1 or src:10.0.0.2)"}, 8},
		{"an element of a list", Query{Text: "answer:10.1.0.1"}, 10},
		{"an element with quotes in it", Query{Text: `answer:"odd \"quoted\" text"`}, 10},
		{"an attribute that is there", Query{Text: "dicom.modality:*"}, 2},
		{"an attribute that is not", Query{Text: `kind:flow app_name:""`}, 0},
		{"a truth", Query{Text: "connection_info.is_one_sided:true"}, 1},
		{"a regular expression", Query{Text: `url:~"evil-load(er)?[0-9]"`}, 1},
		{"exactly that and no more", Query{Text: "http_request.url.hostname:=example"}, 0},
		{"the first ten seconds", Query{From: noon, To: noon.Add(10 * time.Second)}, 20},
		{"a hidden attribute finds nothing", Query{Text: "user:martin", Hidden: []string{"user.*"}}, 0},
		{"pipes are text when quoted", Query{Text: `agent:"curl/8 | x"`}, 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, err := s.Count(t.Context(), c.q)
			if err != nil || got != c.want {
				f, _ := Parse(c.q.Text)
				t.Errorf("%s: got %d, %v, want %d (%s)", c.q.Text, got, err, c.want, f)
			}
		})
	}
}

func TestQuestions(t *testing.T) {
	s := testStore(t)
	hospital(t, s)
	rows, err := s.Latest(t.Context(), Query{}, 3)
	if err != nil || len(rows) != 3 || rows[0].Kind != "http" || rows[1].Kind != "auth" || rows[0].ID != "sensor-1-7.33" ||
		rows[0].Value("site") != "north" || !rows[0].Time.Equal(noon.Add(50*time.Second)) {
		t.Errorf("latest: got %+v, %v", rows, err)
	}
	n := 0
	err = s.Each(t.Context(), Query{}, 0, func(Row) error { n++; return nil })
	if err != nil || n != 34 {
		t.Errorf("each: got %d rows, %v, want 34", n, err)
	}
	h, err := s.Histogram(t.Context(), Query{Text: "kind:dns"}, 5*time.Second, "query.hostname", "")
	if err != nil || len(h) != 4 || h[0].N+h[1].N != 5 || !h[0].Start.Equal(noon) {
		t.Errorf("histogram: got %v, %v", h, err)
	}
	top, err := s.Top(t.Context(), Query{Text: "kind:flow"}, "dst_endpoint.ip", "traffic.bytes_out", 2)
	if want := []Count{{"192.0.2.3", 55000}, {"192.0.2.2", 50000}}; err != nil || !slices.Equal(top, want) {
		t.Errorf("top: got %v, %v, want %v", top, err, want)
	}
	slow, err := s.topOfMany(t.Context(), Query{Text: "kind:flow"}, "dst_endpoint.ip", "traffic.bytes_out", 2)
	if err != nil || !slices.Equal(slow, top) {
		t.Errorf("top of many: got %v, %v, want %v", slow, err, top)
	}
	f, err := s.Facets(t.Context(), Query{}, []string{"kind", "app_name"}, 2)
	if err != nil || len(f["kind"]) != 2 || f["kind"][0] != (Count{"flow", 20}) || f["app_name"][0] != (Count{"tls", 20}) {
		t.Errorf("facets: got %v, %v", f, err)
	}
	d, err := s.Distinct(t.Context(), Query{}, "dst_endpoint.ip")
	if err != nil || d != 8 {
		t.Errorf("distinct: got %d, %v, want 8", d, err)
	}
	names, err := s.Names(t.Context(), Query{Text: "kind:auth"})
	if err != nil || !slices.Contains(names, "user.name") || slices.Contains(names, "query.hostname") {
		t.Errorf("names: got %v, %v", names, err)
	}
	pivot, err := s.Rows(t.Context(), Query{Text: "kind:flow"}, "stats by (app_name) sum(traffic.bytes_in) n", 10)
	if err != nil || len(pivot) != 1 || pivot[0].Value("n") != "200" {
		t.Errorf("rows: got %v, %v", pivot, err)
	}
}

func TestQueriesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		what, text, want string
	}{
		{"a pipe", "kind:dns | stats count()", `store: bad query at character 10: found "|", expected a value; put it in double quotes when it has spaces, parentheses or |`},
		{"an unknown name", "kind:dns srcc:1.2.3.4", `store: bad query at character 10: found "srcc:1.2.3.4", expected a known name such as src, dst, port, app, kind, domain, url, user`},
		{"an open parenthesis", "(kind:dns", `store: bad query at character 10: found the end, expected ) for the ( at character 1`},
		{"a closing one alone", "kind:dns )", `store: bad query at character 10: found ")", expected and, or, or a term`},
		{"no address", "src:example", `store: bad query at character 5: found "example", expected a value that src_endpoint.ip can have`},
		{"no number", "dport:http", `store: bad query at character 7: found "http", expected a number, or a range as 1..1023`},
		{"a broken expression", "url:~(", `store: bad query at character 6: found "(", expected a value; put it in double quotes when it has spaces, parentheses or |`},
		{"nothing after not", "not", `store: bad query at character 4: found the end, expected a word or name:value`},
		{"an open quote", `url:"abc`, `store: bad query at character 5: found "\"abc", expected a closing "`},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, err := Parse(c.text)
			if !errors.Is(err, ErrQuery) || err.Error() != c.want {
				t.Errorf("got %q, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestRowsInABufferDoNotHideThoseOfEarlierDays(t *testing.T) {
	s := testStore(t)
	hospital(t, s)
	var b event.Batch
	b.Reset("sensor-1", "north", 8)
	b.Add(&event.Header{Time: noon.Add(48 * time.Hour).UnixNano()}, &event.Flow{})
	b.Add(&event.Header{Time: noon.Add(48 * time.Hour).UnixNano()}, &event.DNS{})
	if err := s.Add(b.Bytes()); err != nil { // and no Flush
		t.Fatal(err)
	}
	rows, err := s.Latest(t.Context(), Query{To: noon.Add(24 * time.Hour)}, 100)
	if err != nil || len(rows) != 34 {
		t.Errorf("got %d rows, %v, want 34", len(rows), err)
	}
}

func TestWhatIsHiddenIsNeitherShownNorSearchedNorCounted(t *testing.T) {
	s := testStore(t)
	hospital(t, s)
	q := Query{Text: "kind:auth", Hidden: []string{"user.*", "src_endpoint.ip"}}
	rows, err := s.Latest(t.Context(), q, 10)
	if err != nil || len(rows) != 1 || rows[0].Value("user.name") != "" || rows[0].Value("src_endpoint.ip") != "" ||
		rows[0].Value("status") != "failure" {
		t.Errorf("latest: got %+v, %v", rows, err)
	}
	if names, err := s.Names(t.Context(), q); err != nil || slices.Contains(names, "user.name") || !slices.Contains(names, "status") {
		t.Errorf("names: got %v, %v", names, err)
	}
	if top, err := s.Top(t.Context(), q, "user.name", "", 5); err != nil || len(top) != 0 {
		t.Errorf("top: got %v, %v", top, err)
	}
	if top, err := s.topOfMany(t.Context(), q, "user.name", "", 5); err != nil || len(top) != 0 {
		t.Errorf("top of many: got %v, %v", top, err)
	}
	if n, err := s.Distinct(t.Context(), q, "user.name"); err != nil || n != 0 {
		t.Errorf("distinct: got %d, %v", n, err)
	}
	if f, err := s.Facets(t.Context(), q, []string{"user.name"}, 5); err != nil || len(f) != 0 {
		t.Errorf("facets: got %v, %v", f, err)
	}
	if h, err := s.Histogram(t.Context(), q, time.Hour, "user.name", ""); err != nil || len(h) != 1 || h[0].Value != "" {
		t.Errorf("histogram: got %v, %v", h, err)
	}
	if rows, err := s.Rows(t.Context(), q, `stats by (user.name) count() n`, 5); err != nil || len(rows) != 1 || rows[0].Value("user.name") != "" {
		t.Errorf("rows: got %v, %v", rows, err)
	}
	if rows, err := s.Rows(t.Context(), q, `filter status:in(kind:="auth" user.name:="Martin" | fields status) | stats count() n`, 5); err != nil ||
		len(rows) != 1 || rows[0].Value("n") != "0" {
		t.Errorf("a subquery: got %v, %v", rows, err)
	}
	if n, err := s.Count(t.Context(), Query{Text: "Martin", Hidden: q.Hidden}); err != nil || n != 0 {
		t.Errorf("a word: got %d, %v", n, err)
	}
}
