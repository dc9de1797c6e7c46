package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"bulwark/event/eve"
)

// fingerprint is a JA4 that a tool read in a capture.
type fingerprint struct {
	ends string
	ja4  string
	sni  string
	of   string // the transport: tls, quic or dtls
	late bool   // of a second hello, after a HelloRetryRequest
}

// runJA4 compares the TLS clients' fingerprints with those that two tools of JA4's inventor state.
func runJA4(ctx context.Context, b *Bench) ([]Case, error) {
	captures, err := filepath.Glob(b.file("ja4", "pcap", "*"))
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, path := range captures {
		name := filepath.Base(path)
		records, err := watchEVE(ctx, path, eve.Options{})
		if err != nil {
			return nil, err
		}
		for _, tool := range []struct {
			name string
			path string
			read func([]byte) ([]fingerprint, error)
		}{
			{"rust", b.file("ja4", "rust", "ja4", "src", "snapshots", "ja4__insta@"+name+".snap"), readSnap},
			{"python", b.file("ja4", "python", "test", "testdata", name+".json"), readPython},
		} {
			stated, err := os.ReadFile(tool.path)
			if os.IsNotExist(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			prints, err := tool.read(stated)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", tool.path, err)
			}
			cases = append(cases, judgeJA4(name+" "+tool.name, prints, byEnds(records))...)
		}
	}
	return cases, nil
}

func judgeJA4(name string, prints []fingerprint, ours map[string][]record) []Case {
	var cases []Case
	for i, p := range prints {
		c := Case{Family: p.of, Name: fmt.Sprintf("%s %d %s", name, i, p.ja4)}
		kind := p.of
		if kind == "dtls" {
			kind = "tls"
		}
		got := gather(ours[p.ends], kind, kind, "ja4")
		names := gather(ours[p.ends], kind, kind, "sni")
		switch {
		case slices.Contains(got, p.ja4) && (p.sni == "" || slices.Contains(names, p.sni)):
		case p.late:
			c.Why = "Bulwark reports the first hello of a handshake, this is the second, after a HelloRetryRequest"
		case strings.Contains(p.ja4, "99_") && len(got) > 0:
			c.Why = "for the name of a protocol that is not ASCII JA4's specification has two of its hexadecimal digits now, where this tool has 99: got " + strings.Join(got, ", ")
		case len(got) == 0:
			c.Why = "no fingerprint between " + p.ends
		case !slices.Contains(got, p.ja4):
			c.Why = "got " + strings.Join(got, ", ")
		default:
			c.Why = fmt.Sprintf("server name %s, got %v", p.sni, names)
		}
		cases = append(cases, c)
	}
	return cases
}

func transport(ja4 string) string {
	switch ja4[0] {
	case 'q':
		return "quic"
	case 'd':
		return "dtls"
	}
	return "tls"
}

// readSnap reads what the Rust tool prints: YAML below a head.
func readSnap(text []byte) ([]fingerprint, error) {
	_, body, ok := strings.Cut(string(text), "expression: output\n---\n")
	if !ok {
		return nil, fmt.Errorf("no snapshot")
	}
	var streams []struct {
		Transport string `yaml:"transport"`
		Src       string `yaml:"src"`
		Dst       string `yaml:"dst"`
		SrcPort   string `yaml:"src_port"`
		DstPort   string `yaml:"dst_port"`
		Name      string `yaml:"tls_server_name"`
		JA4       string `yaml:"ja4"`
	}
	if err := yaml.Unmarshal([]byte(body), &streams); err != nil {
		return nil, err
	}
	var all []fingerprint
	for _, s := range streams {
		if s.JA4 != "" {
			all = append(all, fingerprint{ends(s.Transport, s.Src, s.SrcPort, s.Dst, s.DstPort), s.JA4, s.Name, transport(s.JA4), false})
		}
	}
	return all, nil
}

var numbered = regexp.MustCompile(`^JA4\.\d+$`)

// readPython reads what the Python tool prints: one object a stream, JA4.1 and further for its handshakes.
func readPython(text []byte) ([]fingerprint, error) {
	var streams []map[string]any
	if err := json.Unmarshal(text, &streams); err != nil {
		return nil, err
	}
	var all []fingerprint
	for _, s := range streams {
		for key, v := range s {
			ja4, _ := v.(string)
			if !numbered.MatchString(key) || ja4 == "" {
				continue
			}
			proto := "tcp"
			if transport(ja4) != "tls" {
				proto = "udp"
			}
			at := func(k string) string { return fmt.Sprint(s[k]) }
			all = append(all, fingerprint{ends(proto, at("src"), at("srcport"), at("dst"), at("dstport")), ja4, "", transport(ja4), key != "JA4.1"})
		}
	}
	slices.SortFunc(all, func(a, b fingerprint) int { return strings.Compare(a.ends+a.ja4, b.ends+b.ja4) })
	return all, nil
}
