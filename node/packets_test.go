package node

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/platform/ledger"
	"bulwark/wire/pcap"
)

// frames are the packets of a capture.
func frames(t *testing.T, text []byte) (all []pcap.Packet) {
	t.Helper()
	r, err := pcap.FromBytes(text)
	if err != nil {
		t.Fatal(err)
	}
	var p pcap.Packet
	for {
		if err := r.Next(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// duties gives somebody duties, by their own hand.
func (b *browser) duties(all ...string) {
	b.t.Helper()
	var me struct{ ID string }
	if status := b.call(http.MethodGet, "/api/me", nil, &me); status != http.StatusOK {
		b.t.Fatalf("/api/me = %d", status)
	}
	if status := b.call(http.MethodPost, "/api/people/"+me.ID+"/duties", map[string]any{"duties": all}, nil); status != http.StatusNoContent {
		b.t.Fatalf("giving duties = %d", status)
	}
}

func TestPacketsThatWereKeptAreHandedOut(t *testing.T) {
	needCage(t)
	dir := t.TempDir()
	c := settings()
	c.Sensor.Ring.Size, c.Sensor.Ring.Free = 256<<20, 1<<20
	n := start(t, made{config: c, dir: dir, capture: demoFile(t)})
	admin := n.administrator()
	q := url.Values{"q": {`kind:dicom dicom.calling_ae:HARVEST`}, "from": {"2020-01-01T00:00:00Z"}, "to": {"2100-01-01T00:00:00Z"}}
	var text string
	await(t, "who harvested the PACS at the capture's end is found", func() bool {
		_, text = admin.get("/api/search?" + q.Encode())
		return strings.Contains(text, "HARVEST")
	})
	flow := flowOf(t, text)
	ask := "/api/packets?" + url.Values{"flow": {flow}, "reason": {"incident 12"}}.Encode()

	admin.duties("administrator", "reader")
	if status, text := admin.get(ask); status != http.StatusForbidden {
		t.Errorf("without the duty = %d %.100q, want %d", status, text, http.StatusForbidden)
	}
	admin.duties("administrator", "analyst")
	status, text := admin.get(ask)
	if status != http.StatusOK {
		t.Fatalf("packets = %d %.300q", status, text)
	}
	got := frames(t, []byte(text))
	if len(got) < 10 || !strings.Contains(text, "HARVEST") {
		t.Errorf("got %d packets, want those of the association of HARVEST", len(got))
	}
	entries, err := n.ledger.List(t.Context(), ledger.Query{Act: "packets."})
	if err != nil || len(entries.Entries) != 2 {
		t.Fatalf("ledger: got %+v, %v, want the opening and what was handed out", entries.Entries, err)
	}
	if e := entries.Entries[1]; e.Act != "packets.open" || !strings.HasPrefix(e.Actor, "person:") || e.Detail["flow"] != flow || e.Detail["reason"] != "incident 12" {
		t.Errorf("the opening: got %+v", e)
	}
	if e := entries.Entries[0]; e.Act != "packets.handed-out" || e.Outcome != ledger.Done || e.Detail["packets"] == "0" {
		t.Errorf("what was handed out: got %+v", e)
	}
	t.Run("on the command line", func(t *testing.T) { checkPcap(t, n, dir, flow, len(got)) })
	t.Run("on disk they are sealed", func(t *testing.T) { checkSealed(t, filepath.Join(dir, captureDir, ringDir)) })
}

// flowOf is the flow of the first event of a search.
func flowOf(t *testing.T, answer string) string {
	t.Helper()
	_, rest, ok := strings.Cut(answer, `"connection_info.uid"`)
	digits := strings.TrimLeft(rest, `:", {value}`)
	if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); ok && i > 0 {
		return digits[:i]
	}
	t.Fatalf("no flow in %.500s", answer)
	return ""
}

func checkPcap(t *testing.T, n *running, dir, flow string, want int) {
	await(t, "the control socket answers", func() bool { _, err := os.Stat(controlPath(dir)); return err == nil })
	name := filepath.Join(t.TempDir(), "flow.pcapng")
	code, out, errs := typed(t, "pcap", "--data", dir, "--flow", flow, "--reason", "incident 12", "-o", name)
	text, err := os.ReadFile(name)
	if code != ExitOK || out != "" || err != nil || len(frames(t, text)) != want {
		t.Fatalf("pcap = %d %q %q, %v; want %d packets", code, out, errs, err, want)
	}
	if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode of the file: %v, %v; want 0600", st.Mode(), err)
	}
	code, out, _ = typed(t, "pcap", "--data", dir, "--filter", "port 104 or port 4242", "--reason", "x", "-o", "-")
	if code != ExitOK || len(frames(t, []byte(out))) <= want {
		t.Errorf("to standard output = %d, %d bytes", code, len(out))
	}
	gone := filepath.Join(t.TempDir(), "gone.pcapng")
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no such flow", []string{"--flow", "1", "--reason", "x", "-o", gone}, ExitFailure, "no such packet is kept"},
		{"before anything", []string{"--flow", flow, "--until", "2001-01-01", "--reason", "x", "-o", gone}, ExitFailure, "no such packet is kept"},
		{"no reason", []string{"--flow", flow, "-o", gone}, ExitUsage, "for a reason"},
		{"nothing asked for", []string{"--reason", "x", "-o", gone}, ExitUsage, "--flow, --host or --filter"},
		{"nowhere to", []string{"--flow", flow, "--reason", "x"}, ExitUsage, "--output"},
		{"a filter that is none", []string{"--filter", "port", "--reason", "x", "-o", gone}, ExitUsage, "filter"},
		{"an address that is none", []string{"--host", "pacs", "--reason", "x", "-o", gone}, ExitUsage, "--host"},
		{"a time that is none", []string{"--flow", "1", "--since", "soon", "--reason", "x", "-o", gone}, ExitUsage, "--since"},
		{"a size that is none", []string{"--flow", "1", "--most", "all", "--reason", "x", "-o", gone}, ExitUsage, "--most"},
		{"a file that cannot be", []string{"--flow", flow, "--reason", "x", "-o", "/none/x"}, ExitFailure, "/none/x"},
	} {
		code, _, errs := typed(t, append([]string{"pcap", "--data", dir}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%s: got %d %q, want %d and %q", c.name, code, errs, c.code, c.want)
		}
		if _, err := os.Stat(gone); err == nil {
			t.Errorf("%s: a file without packets is left behind", c.name)
		}
	}
}

// checkSealed looks for what is said in the demo's packets on the disk.
// What it looks for is so long that chance does not write it.
func checkSealed(t *testing.T, dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatalf("segments: %v, %v", entries, err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, said := range []string{"HARVEST", `MSH|^~\&`, "HTTP/1.1"} {
			if bytes.Contains(text, []byte(said)) {
				t.Errorf("%s says %s in clear", e.Name(), said)
			}
		}
	}
}

func TestTimesThatPeopleType(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	now := time.Date(2026, 11, 22, 14, 30, 5, 0, zone)
	for text, want := range map[string]time.Time{
		"":                     {},
		"1h":                   now.Add(-time.Hour),
		"90m":                  now.Add(-90 * time.Minute),
		"3d":                   now.AddDate(0, 0, -3),
		"13:05":                time.Date(2026, 11, 22, 13, 5, 0, 0, zone),
		"13:05:09":             time.Date(2026, 11, 22, 13, 5, 9, 0, zone),
		"2026-11-21":           time.Date(2026, 11, 21, 0, 0, 0, 0, zone),
		"2026-11-21 08:00":     time.Date(2026, 11, 21, 8, 0, 0, 0, zone),
		"2026-11-21T08:00:00Z": time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC),
	} {
		if got, err := when(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"soon", "-1h", "-2d", "25:00", "d"} {
		if _, err := when(text, now); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}

func TestWhatTheLedgerKeepsOfAQuestion(t *testing.T) {
	a := packetsAsked{Reason: "  why\xff "}
	a.Query.Flow, a.Query.Filter = 7, "port 53"
	a.Query.Hosts = []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::1")}
	a.Query.Since = time.Unix(0, 0)
	if err := a.check(); err != nil {
		t.Fatal(err)
	}
	d := a.detail()
	for key, want := range map[string]string{"reason": "why?", "flow": "7", "filter": "port 53", "hosts": "10.0.0.1 ::1", "since": "1970-01-01T00:00:00Z"} {
		if d[key] != want {
			t.Errorf("%s: got %q, want %q", key, d[key], want)
		}
	}
	for _, reason := range []string{"", " ", strings.Repeat("x", maxReason+1)} {
		if (&packetsAsked{Reason: reason}).check() == nil {
			t.Errorf("the reason %.10q was taken", reason)
		}
	}
}
