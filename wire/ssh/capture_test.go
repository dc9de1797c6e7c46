package ssh

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

func sessions(t testing.TB, c *corpus.Capture) []*told {
	var all []*told
	for _, s := range c.Streams {
		up, _ := Probe(s.Bytes(wire.ToServer))
		down, _ := Probe(s.Bytes(wire.ToClient))
		if up != wire.Yes && down != wire.Yes {
			continue
		}
		if s.Whole() {
			wiretest.Splits(t, s.Chunks, fresh)
		}
		h := &told{}
		f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: h}
		_ = f.Play(s.Chunks)
		if h.eve != nil {
			all = append(all, h)
		}
	}
	return all
}

// TestSuricataVerify counts, for each check on SSH events, the sessions that fulfil what it says of them.
func TestSuricataVerify(t *testing.T) {
	files := corpus.Folder(t, "sensor", "suricata-verify.tar.zst")
	passed, total := 0, 0
	for _, f := range corpus.Filters(files, "ssh") {
		if f.Count == 0 {
			continue
		}
		match, n := f.Only("ssh."), 0
		for _, s := range sessions(t, corpus.Read(f.Capture, files[f.Capture])) {
			if corpus.Matches(s.eve, match) {
				n++
			}
		}
		total++
		if n >= f.Count {
			passed++
		} else {
			t.Logf("%s: got %d, want %d of %v", f.Test, n, f.Count, match)
		}
	}
	corpus.Result(t, "ssh_suricata_verify", passed, total, 100)
}

// TestArkime holds the fingerprints against those that Arkime wrote for its captures.
func TestArkime(t *testing.T) {
	files := corpus.Folder(t, "sensor", "arkime")
	passed, total := 0, 0
	for name, b := range files {
		var want struct {
			Sessions []struct {
				Body struct {
					SSH struct{ Hassh, HasshServer, Version []string }
				}
			} `json:"sessions3"`
		}
		if !strings.HasSuffix(name, ".test") || json.Unmarshal(b, &want) != nil {
			continue
		}
		capture := strings.TrimSuffix(name, ".test") + ".pcap"
		var got []string
		for _, s := range sessions(t, corpus.Read(capture, files[capture])) {
			got = append(got, s.last)
		}
		for _, s := range want.Sessions {
			for _, v := range append(s.Body.SSH.Hassh, s.Body.SSH.HasshServer...) {
				total++
				if slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, v) }) {
					passed++
				} else {
					t.Logf("%s: want %s, got %q", capture, v, got)
				}
			}
		}
	}
	corpus.Result(t, "arkime_hassh_agreement", passed, total, 100)
}

// TestCaptures decodes every stream there is.
func TestCaptures(t *testing.T) {
	n := 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "ja4", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			n += len(sessions(t, c))
		}
	}
	t.Logf("%d sessions", n)
}
