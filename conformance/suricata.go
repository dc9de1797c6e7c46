package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bulwark/conformance/verify"
)

// families are the groups of suricata-verify's tests that are asked for so far, by the beginnings of their names, then
// by the types of the records they check.
var families = []struct {
	name     string
	prefixes []string
}{
	{"community-id", []string{"community-id"}},
	{"dns", []string{"dns", "bug-8205"}},
	{"tls", []string{"tls", "ja4-tls", "ja4-cl", "ja4-sv"}},
	{"http", []string{"http"}},
	{"smb", []string{"smb"}},
	{"krb5", []string{"krb5"}},
	{"ldap", []string{"ldap"}},
	{"dhcp", []string{"dhcp"}},
	{"ssh", []string{"ssh"}},
	{"flow", []string{"flow", "eve-flow", "mac-eve"}},
}

// family is the group of a test; empty for one of a group that is not asked for yet.
func family(t *verify.Test) string {
	for _, f := range families {
		for _, p := range f.prefixes {
			if strings.HasPrefix(t.Name, p) {
				return f.name
			}
		}
	}
	types := map[string]bool{}
	for _, c := range t.Checks {
		for _, m := range c.Match {
			if m.Key == "event_type" {
				types[m.Want.Value] = true
			}
		}
	}
	found := ""
	for name := range types {
		if name == "fileinfo" || name == "stats" {
			continue
		}
		known := slices.ContainsFunc(families, func(f struct {
			name     string
			prefixes []string
		}) bool {
			return f.name == name
		})
		if !known {
			return ""
		}
		if found == "" || found == "flow" || name < found && name != "flow" {
			found = name
		}
	}
	return found
}

// runVerify plays the tests of suricata-verify that need no rules.
func runVerify(ctx context.Context, b *Bench) ([]Case, error) {
	archive, err := b.archive("suricata-verify.tar.zst")
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, name := range verify.Names(archive) {
		t, err := verify.Load(archive, name)
		if errors.Is(err, verify.ErrNotOurs) {
			continue
		}
		if err != nil {
			return nil, err
		}
		f := family(t)
		if f == "" || t.Rules || t.Command || t.Capture == "" || len(t.Checks) == 0 || slices.Contains(t.Args, "--simulate-ips") {
			continue
		}
		why, err := b.verify(ctx, archive, t)
		if err != nil {
			return nil, fmt.Errorf("playing %s: %w", name, err)
		}
		cases = append(cases, Case{Family: f, Name: name, Why: why})
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
