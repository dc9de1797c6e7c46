package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	slashed "path"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"

	"bulwark/detect/logrule"
	"bulwark/internal/sigmahq"
	"bulwark/wire/evtx"
)

// soc is the path of a file below soc/ of the data.
func (b *Bench) soc(name string) string {
	return filepath.Join(b.Data, "soc", filepath.FromSlash(name))
}

func (b *Bench) sigma() (*logrule.Set, fs.FS, error) {
	active, err := sigmahq.Rules(b.soc("sigma-rules/" + sigmahq.Archive))
	if err != nil {
		return nil, nil, err
	}
	s, err := logrule.Load(active)
	return s, active, err
}

// runSigmaRead reads every rule of SigmaHQ. Cases are its folders; the figure is of rules.
func runSigmaRead(_ context.Context, b *Bench) ([]Case, error) {
	s, active, err := b.sigma()
	if err != nil {
		return nil, err
	}
	folders, bad := map[string]*Case{}, map[string]string{}
	for _, r := range s.Rejected {
		bad[r.File] = r.Why
	}
	err = fs.WalkDir(active, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || slashed.Ext(name) != ".yml" {
			return err
		}
		dir := slashed.Dir(name)
		top, _, _ := strings.Cut(name, "/")
		if folders[dir] == nil {
			folders[dir] = &Case{Family: top, Name: dir}
		}
		if why := bad[name]; why != "" {
			folders[dir].Why = strings.Join(strings.Fields(folders[dir].Why+" "+why), " ")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(b.figures(), "RESULT sigma_loaded %d/%d share\n", s.Len(), s.Len()+len(s.Rejected))
	given, err := logrule.Load(active, fstest.MapFS{logrule.Placeholders: {Data: []byte("known_cdcs: [dc01.hospital.example]\n")}})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(b.figures(), "sigma_read: %d are loaded where the site says what %%known_cdcs%% are (%s)\n", given.Len(), logrule.Placeholders)
	var cases []Case
	for _, c := range folders {
		cases = append(cases, *c)
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Name, b.Name) })
	return cases, nil
}

// runSigmaRegression asks SigmaHQ's rules about the events in which they must match. Cases are rules.
func runSigmaRegression(_ context.Context, b *Bench) ([]Case, error) {
	s, _, err := b.sigma()
	if err != nil {
		return nil, err
	}
	logs, err := sigmahq.Unpacked(b.soc("sigma-regression/regression_data.tar.zst"))
	if err != nil {
		return nil, err
	}
	var cases []Case
	for name, f := range logs {
		if slashed.Ext(name) != ".evtx" {
			continue
		}
		id, found := strings.TrimSuffix(slashed.Base(name), ".evtx"), false
		if _, err := evtx.Read(bytes.NewReader(f.Data), func(r *evtx.Record) error {
			found = found || slices.ContainsFunc(s.Match(logrule.OfWindows(r)), func(m logrule.Match) bool { return m.Rule.ID == id })
			return nil
		}); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c := Case{Family: slashed.Base(slashed.Dir(slashed.Dir(name))), Name: id}
		if !found {
			c.Why = "the rule does not match"
		}
		cases = append(cases, c)
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Name, b.Name) })
	return cases, nil
}
