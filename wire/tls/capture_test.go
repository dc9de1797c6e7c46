package tls

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// facts is what is kept of a session beyond the call.
type facts struct {
	client, server netip.AddrPort
	ja3, ja4, ja3s string
	ja3Text        string
	eve            map[string]any
}

type keeper struct {
	session *facts
	stream  *corpus.Stream
}

func (k *keeper) Step(wire.Dir, Step, *Session) {}

func (k *keeper) Session(s *Session) {
	f := &facts{client: k.stream.Client, server: k.stream.Server, eve: eve(s)}
	if s.Client != nil && !s.SSL2 {
		f.ja3, f.ja4 = string(s.JA3[:]), string(s.JA4[:])
		f.ja3Text = string(s.Client.AppendJA3(nil))
	}
	if s.Server != nil {
		f.ja3s = string(s.JA3S[:])
	}
	k.session = f
}

// eve is a session as EVE JSON tells it, as far as suricata-verify asks.
func eve(s *Session) map[string]any {
	t := map[string]any{"version": s.Version().String()}
	if s.Client != nil {
		if s.Server == nil {
			t["version"] = s.Client.Best().String()
		}
		if len(s.Client.ServerName) > 0 {
			t["sni"] = string(s.Client.ServerName)
		}
		var offered []any
		for n := range s.Client.Protocols.All() {
			offered = append(offered, string(n))
		}
		t["client_alpns"] = offered
		t["ja3"] = map[string]any{"hash": string(s.JA3[:]), "string": string(s.Client.AppendJA3(nil))}
		t["ja4"] = string(s.JA4[:])
		t["client_handshake"] = map[string]any{
			"version": s.Client.Version.String(), "ciphers": plain(s.Client.CipherSuites),
			"exts": list(s.Client.Extensions), "sig_algs": plain(s.Client.SignatureAlgorithms),
		}
	}
	if s.Server != nil {
		t["server_alpns"] = []any{string(s.Server.Protocol)}
		t["ja3s"] = map[string]any{"hash": string(s.JA3S[:]), "string": string(s.Server.AppendJA3S(nil))}
		t["server_handshake"] = map[string]any{
			"version": s.Server.Version.String(), "cipher": uint16(s.Server.CipherSuite), "exts": list(s.Server.Extensions),
		}
	}
	if s.Resumed {
		t["session_resumed"] = true
	}
	if c := s.ServerCertificate; c != nil {
		t["subject"], t["issuerdn"], t["serial"], t["fingerprint"] = c.Subject, c.Issuer, c.Serial, c.SHA1
		t["notbefore"], t["notafter"] = c.NotBefore.Format("2006-01-02T15:04:05"), c.NotAfter.Format("2006-01-02T15:04:05")
		var names []any
		for _, n := range c.Names {
			names = append(names, n)
		}
		t["subjectaltname"] = names
	}
	return map[string]any{"event_type": "tls", "tls": t}
}

func plain(n Numbers) []any {
	var all []any
	for i := range n.Len() {
		if v := n.At(i); !grease(v) {
			all = append(all, v)
		}
	}
	return all
}

func list(n []uint16) []any {
	var all []any
	for _, v := range n {
		if !grease(v) {
			all = append(all, v)
		}
	}
	return all
}

// sessions are those of the TCP streams of a capture. TLS is also found behind what came before it: a proxy or a
// command that starts it.
func sessions(t testing.TB, c *corpus.Capture) []*facts {
	var all []*facts
	for _, s := range c.Streams {
		chunks := s.Chunks
		for len(chunks) > 0 {
			if m, _ := Probe(chunks[0].Bytes); m != wire.No {
				break
			}
			chunks = chunks[1:]
		}
		k := &keeper{stream: s}
		f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: k}
		_ = f.Play(chunks)
		if k.session != nil {
			all = append(all, k.session)
		}
	}
	return all
}

// TestJA4Snapshots holds our fingerprints against those that FoxIO's program wrote for its own captures.
func TestJA4Snapshots(t *testing.T) {
	files := corpus.Folder(t, "sensor", "ja4")
	passed, total := 0, 0
	for name, b := range files {
		if !strings.HasSuffix(name, ".snap") {
			continue
		}
		capture := strings.TrimSuffix(strings.SplitN(path.Base(name), "@", 2)[1], ".snap")
		read := corpus.Read(capture, files["pcap/"+capture])
		got := map[string]string{}
		for _, f := range append(sessions(t, read), quicSessions(read)...) {
			got[fmt.Sprint(f.client, f.server)] = f.ja4
		}
		for _, want := range snapshots(string(b)) {
			total++
			if ours := got[fmt.Sprint(want.client, want.server)]; ours == want.ja4 {
				passed++
			} else {
				t.Logf("%s: %v > %v: got %q, want %q", capture, want.client, want.server, ours, want.ja4)
			}
		}
	}
	// One capture has an ALPN name of the bytes ba ad. FoxIO's programs write 99, its specification asks for bd.
	corpus.Result(t, "ja4_agreement", passed, total, 99)
}

var field = regexp.MustCompile(`^  (\w+): (.*)$`)

// snapshots reads the streams that have a JA4 from FoxIO's expected output.
func snapshots(s string) []facts {
	var all []facts
	for _, entry := range strings.Split(s, "\n- ")[1:] {
		m := map[string]string{}
		for _, line := range strings.Split(entry, "\n") {
			if f := field.FindStringSubmatch(line); f != nil {
				m[f[1]] = strings.Trim(f[2], `"'`)
			}
		}
		client, err1 := netip.ParseAddr(m["src"])
		server, err2 := netip.ParseAddr(m["dst"])
		if m["ja4"] == "" || err1 != nil || err2 != nil {
			continue
		}
		var sport, dport uint16
		_, _ = fmt.Sscan(m["src_port"], &sport)
		_, _ = fmt.Sscan(m["dst_port"], &dport)
		all = append(all, facts{client: netip.AddrPortFrom(client, sport), server: netip.AddrPortFrom(server, dport), ja4: m["ja4"]})
	}
	return all
}

var (
	ndpiFlow = regexp.MustCompile(`^\s+\d+\s+TCP (\S+) <-> (\S+) `)
	ndpiMark = regexp.MustCompile(`\[(JA3C|JA3S|JA4): ([0-9a-z_]+)`)
)

// TestNDPI holds the fingerprints against those that nDPI wrote for its captures.
func TestNDPI(t *testing.T) {
	files := corpus.Folder(t, "sensor", "ndpi.tar.zst")
	passed, total := map[string]int{}, map[string]int{}
	for name, out := range files {
		if !strings.HasSuffix(name, ".out") {
			continue
		}
		capture := "ndpi/pcap/" + strings.TrimSuffix(path.Base(name), ".out")
		got := map[string][]*facts{}
		for _, f := range sessions(t, corpus.Read(capture, files[capture])) {
			key := fmt.Sprint(f.client, f.server)
			got[key] = append(got[key], f)
		}
		for line := range strings.SplitSeq(string(out), "\n") {
			flow := ndpiFlow.FindStringSubmatch(line)
			if flow == nil {
				continue
			}
			client, _ := netip.ParseAddrPort(flow[1])
			server, _ := netip.ParseAddrPort(flow[2])
			ours := append(got[fmt.Sprint(client, server)], got[fmt.Sprint(server, client)]...)
			for _, m := range ndpiMark.FindAllStringSubmatch(line, -1) {
				total[m[1]]++
				if slices.ContainsFunc(ours, func(f *facts) bool { return m[2] == f.ja3 || m[2] == f.ja4 || m[2] == f.ja3s }) {
					passed[m[1]]++
				} else {
					t.Logf("%s: %v %v: %s: want %s, got %s", path.Base(capture), client, server, m[1], m[2], fingerprints(ours))
				}
			}
		}
	}
	for kind := range total {
		// nDPI has the first two characters of an ALPN name in JA4 where FoxIO has the first and the last.
		corpus.Result(t, "ndpi_"+strings.ToLower(kind)+"_agreement", passed[kind], total[kind], 80)
	}
}

// arkimeTest is the part of Arkime's expected session documents that is compared.
type arkimeTest struct {
	Sessions []struct {
		Body struct {
			Source, Destination struct {
				IP   string
				Port uint16
			}
			TLS struct{ JA3, JA3s, JA4, Cipher, JA3string, JA3sstring []string }
		}
	} `json:"sessions3"`
}

// TestArkime holds the fingerprints and cipher suites against those that Arkime wrote for its captures.
func TestArkime(t *testing.T) {
	files := corpus.Folder(t, "sensor", "arkime")
	passed, total := 0, 0
	for name, b := range files {
		var want arkimeTest
		if !strings.HasSuffix(name, ".test") || json.Unmarshal(b, &want) != nil {
			continue
		}
		capture := strings.TrimSuffix(name, ".test") + ".pcap"
		var got []string
		read := corpus.Read(capture, files[capture])
		for _, f := range append(append(sessions(t, read), quicSessions(read)...), dtlsHellos(read)...) {
			got = append(got, f.ja3, f.ja4, f.ja3s, f.ja3Text)
			if h, ok := corpus.Lookup(f.eve, "tls.ja3s.string"); ok {
				got = append(got, h.(string))
			}
			if h, ok := corpus.Lookup(f.eve, "tls.server_handshake.cipher"); ok {
				got = append(got, CipherSuite(h.(uint16)).String())
			}
		}
		for _, s := range want.Sessions {
			tls := s.Body.TLS
			for _, list := range [][]string{tls.JA3, tls.JA3s, tls.JA4, tls.Cipher, tls.JA3string, tls.JA3sstring} {
				for _, v := range list {
					total++
					if slices.Contains(got, v) {
						passed++
					} else {
						t.Logf("%s: %s:%d: want %s", capture, s.Body.Source.IP, s.Body.Source.Port, v)
					}
				}
			}
		}
	}
	corpus.Result(t, "arkime_tls_agreement", passed, total, 80) // the rest is within OpenVPN
}

// dtlsHellos are the hellos of DTLS among the datagrams of a capture.
func dtlsHellos(c *corpus.Capture) []*facts {
	var all []*facts
	for _, d := range c.Datagrams {
		if !LooksDTLS(d.Payload) {
			continue
		}
		var one Datagrams
		var told keptSession
		_ = one.Datagram(wire.ToServer, d.Payload, &told)
		if one.Close(&told); told.ja4 != "" {
			all = append(all, &facts{client: d.Src, server: d.Dst, ja3: told.ja3, ja4: told.ja4, ja3Text: told.ja3Text})
		}
	}
	return all
}

// TestSuricataVerify counts, for each check on TLS events, the sessions that fulfil what it says of the session.
func TestSuricataVerify(t *testing.T) {
	files := corpus.Folder(t, "sensor", "suricata-verify.tar.zst")
	passed, total := 0, 0
	for _, f := range corpus.Filters(files, "tls") {
		match := f.Only("tls.", "has-key", "not-has-key")
		delete(match, "tls.from_proto") // the sensor knows
		if f.Count == 0 {
			continue
		}
		n := 0
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
	corpus.Result(t, "tls_suricata_verify", passed, total, 90)
}

// TestCaptures decodes every stream there is, also with lost bytes and flipped bits.
func TestCaptures(t *testing.T) {
	streams := 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "ja4", "attack-otrf"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, s := range c.Streams {
				if m, _ := Probe(s.Bytes(wire.ToServer)); m != wire.Yes {
					continue
				}
				streams++
				if s.Whole() {
					wiretest.Splits(t, s.Chunks, fresh)
				}
				var broken []wiretest.Chunk
				for i, chunk := range s.Chunks {
					b := append([]byte(nil), chunk.Bytes...)
					for j := 5 + i; j < len(b); j += 97 {
						b[j] ^= 1 << (j % 8)
					}
					broken = append(broken, wiretest.Chunk{Dir: chunk.Dir, Bytes: b})
					if i%3 == 2 {
						broken[len(broken)-1].Lost = 100
					}
				}
				k := &keeper{stream: s}
				f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: k}
				_ = f.Play(broken)
			}
		}
	}
	t.Logf("%d streams", streams)
}

func fingerprints(list []*facts) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s %s %s; ", f.ja3, f.ja4, f.ja3s)
	}
	return b.String()
}
