package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bulwark/conformance/verify"
)

// families are the groups of suricata-verify's tests, by the beginnings of their names.
var families = []struct {
	name     string
	prefixes []string
}{
	{"community-id", []string{"community-id"}},
	{"dns", []string{"dns", "bug-8205", "llmnr"}},
	{"tls", []string{"tls", "ja4-tls", "ja4-cl", "ja4-sv"}},
	{"http2", []string{"http2"}},
	{"http", []string{"http"}},
	{"smb", []string{"smb"}},
	{"krb5", []string{"krb5"}},
	{"ldap", []string{"ldap"}},
	{"dhcp", []string{"dhcp"}},
	{"ssh", []string{"ssh"}},
	{"flow", []string{"flow", "eve-flow", "mac-eve", "netflow"}},
	{"quic", []string{"quic", "ja4-quic"}},
	{"smtp", []string{"smtp", "mime"}},
	{"mqtt", []string{"mqtt"}},
	{"decode", []string{"decode-", "geneve", "vxlan", "erspan"}},
}

// family is the group of a test: by its name, or by the rarest type of the records it checks.
func family(t *verify.Test) string {
	for _, f := range families {
		for _, p := range f.prefixes {
			if strings.HasPrefix(t.Name, p) {
				return f.name
			}
		}
	}
	common := []string{"stats", "flow", "fileinfo", "anomaly"} // in the order in which others tell more
	found, rank := "other", -1
	for _, c := range t.Checks {
		for _, m := range c.Match {
			if m.Key != "event_type" {
				continue
			}
			r := slices.Index(common, m.Want.Value)
			if r < 0 {
				return m.Want.Value
			}
			if r > rank {
				found, rank = m.Want.Value, r
			}
		}
	}
	return found
}

// foreign reports whether a test asks for what a sensor does not do: log how the engine starts, drop packets, alert.
func foreign(t *verify.Test) bool {
	if slices.Contains(t.Args, "--simulate-ips") {
		return true
	}
	for _, c := range t.Checks {
		for _, m := range c.Match {
			if strings.HasPrefix(m.Key, "engine.") {
				return true
			}
			if m.Key == "event_type" && slices.Contains([]string{"engine", "drop", "alert"}, m.Want.Value) {
				return true
			}
		}
	}
	return false
}

// verifyReasons are why tests fail that were looked into.
var verifyReasons = map[string]string{
	"bug-5713-02-ja4":      "JA4's specification hashes a hello without signature algorithms without a trailing underscore (docs/divergences.md)",
	"bypass-depth-enabled": "no flow is bypassed here: what a decoder does not want is passed over without a counter",
	"bypass-tls-disabled":  "no flow is bypassed here, so there is no counter, of which the test wants zeros",
	"bypass-tls-enabled":   "no flow is bypassed here: what follows a handshake is passed over without a counter",
	"flow-pkt-recursion/ids-tunnel-pkt-flows-recursion-excluded": "packets within different numbers of tunnels are different flows; the setting that joins them is not followed",
	"http-connect/http-connect-tls":                              "the 14 bytes in the tunnel are no hello of TLS, and are not taken for one",
	"pgsql/pgsql-ssl-rejected-md5-auth-simple-query":             "the answer to a challenge lets the password be guessed offline, and is never told",
	"tcp-rst-unacked-stream-12":                                  "how much of a body is read before a reset differs",
}

// runVerify plays the tests of suricata-verify that need no rules.
func runVerify(ctx context.Context, b *Bench) ([]Case, error) {
	archive, err := b.archive("suricata-verify.tar.zst")
	if err != nil {
		return nil, err
	}
	pick := func(t *verify.Test) (string, bool) { return family(t), !t.Rules && !foreign(t) }
	return b.verifyTests(archive, pick, func(t *verify.Test) (string, error) {
		why, err := b.verify(ctx, archive, t)
		if judged := verifyReasons[t.Name]; why != "" && judged != "" {
			why = judged + ": " + why
		}
		return why, err
	})
}

// verifyTests plays the tests that apply and that pick takes, which also names their family.
func (b *Bench) verifyTests(archive map[string][]byte, pick func(*verify.Test) (family string, ok bool), play func(*verify.Test) (why string, err error)) ([]Case, error) {
	var cases []Case
	for _, name := range verify.Names(archive) {
		t, err := verify.Load(archive, name)
		if errors.Is(err, verify.ErrNotOurs) {
			continue
		}
		if err != nil {
			return nil, err
		}
		family, ok := pick(t)
		if !ok || t.Command || t.Capture == "" || len(t.Checks) == 0 || !b.wants(family) {
			continue
		}
		why, err := play(t)
		if err != nil {
			return nil, fmt.Errorf("playing %s: %w", name, err)
		}
		cases = append(cases, Case{Family: family, Name: name, Why: why})
	}
	return cases, nil
}

func (b *Bench) verify(ctx context.Context, archive map[string][]byte, t *verify.Test) (string, error) {
	path, err := b.capture(archive[t.Capture])
	if err != nil {
		return "", err
	}
	records, err := watchEVE(ctx, path, t.Options())
	if err != nil {
		return "", err
	}
	for i := range t.Checks {
		if why := t.Checks[i].Judge(records); why != "" {
			return fmt.Sprintf("check %d of %d: %s", i+1, len(t.Checks), why), nil
		}
	}
	return "", nil
}
