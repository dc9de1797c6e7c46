package signature

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"time"

	"bulwark/platform/ledger"
)

// Faults of bringing sources up to date.
var (
	ErrNoSource = errors.New("signature: no such source")
	ErrBusy     = errors.New("signature: the sources are being brought up to date already")
)

// Updated is what came of bringing sources up to date.
type Updated struct {
	Results  []UpdatedSource `json:"results"`
	Loaded   int             `json:"loaded"`
	Rejected int             `json:"rejected"`
}

// UpdatedSource is what came of one of them.
type UpdatedSource struct {
	Source   string `json:"source"`
	Outcome  string `json:"outcome"` // updated, unchanged or failed
	Reason   string `json:"reason,omitempty"`
	Local    bool   `json:"local,omitempty"`    // it is of this machine: nothing is fetched
	Verified string `json:"verified,omitempty"` // by what: sha256 or md5; missing where nothing says what it should be
	Rules    int    `json:"rules"`
	Added    int    `json:"added"`
	Removed  int    `json:"removed"`
	Changed  int    `json:"changed"`
}

// Outcomes of an update.
const (
	outUpdated   = "updated"
	outUnchanged = "unchanged"
	outFailed    = "failed"
)

// Update brings a source up to date, or all where name is empty, and puts what came of it in force. What cannot be fetched,
// verified or read leaves what was before.
func (b *Rulebook) Update(ctx context.Context, actor, name string) (Updated, error) {
	if !b.fetch.TryLock() {
		return Updated{}, ErrBusy
	}
	defer b.fetch.Unlock()
	u := Updated{Results: []UpdatedSource{}}
	found := name == "" || name == Shipped || name == Paths
	before := b.edition()
	for i := range b.Config.Sources {
		s := &b.Config.Sources[i]
		if name != "" && s.Name != name || name == "" && s.Disabled {
			continue
		}
		found = true
		r := UpdatedSource{Source: s.Name, Outcome: outUnchanged, Local: s.URL == ""}
		if s.URL != "" {
			r = b.updateSource(ctx, actor, s)
		}
		u.Results = append(u.Results, r)
	}
	if !found {
		return u, fmt.Errorf("%w: %q", ErrNoSource, name)
	}
	if _, err := b.Reload(); err != nil { // what is on disk beside the sources may have changed too
		return u, err
	}
	after := b.edition()
	u.Loaded, u.Rejected = after.put.Loaded, after.put.Rejected
	for i := range u.Results {
		u.Results[i].count(before, after)
	}
	return u, nil
}

func (b *Rulebook) edition() *edition {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.now
}

// count says how the rules of a source changed.
func (r *UpdatedSource) count(before, after *edition) {
	for i := range after.items {
		e := &after.items[i]
		if e.source != r.Source {
			continue
		}
		r.Rules++
		if e.name() == "" {
			continue
		}
		j, ok := before.byID[e.ID]
		switch {
		case !ok || before.items[j].source != r.Source:
			r.Added++
		case before.items[j].text != e.text:
			r.Changed++
		}
	}
	for i := range before.items {
		e := &before.items[i]
		if e.source != r.Source || e.name() == "" {
			continue
		}
		if j, ok := after.byID[e.ID]; !ok || after.items[j].source != r.Source {
			r.Removed++
		}
	}
	if r.Outcome == outUnchanged && r.Added+r.Removed+r.Changed > 0 {
		r.Outcome = outUpdated
	}
}

// updateSource fetches a source and puts it in force.
func (b *Rulebook) updateSource(ctx context.Context, actor string, s *Source) UpdatedSource {
	r := UpdatedSource{Source: s.Name, Outcome: outUnchanged}
	k, err := loadKept(b.Dir, s.Name)
	if err != nil {
		k = kept{} // what cannot be read is made anew
	}
	if _, err := os.Stat(filepath.Join(folderOf(b.Dir, s.Name), k.Current)); k.Current != "" && errors.Is(err, fs.ErrNotExist) {
		k.Current = "" // its folder was lost: it is fetched whole
	}
	was := k
	k.Checked, k.Reason, k.Failed = b.Clock.Now().UTC(), "", 0
	changed, err := b.renew(ctx, s, &k)
	if err == nil && changed {
		if err = b.putSource(s, &k, &was); err == nil {
			r.Outcome = outUpdated
		}
	}
	r.Verified = k.Verified
	if err != nil && ctx.Err() != nil { // nobody waits any more: that says nothing of the source
		r.Outcome, r.Reason = outFailed, err.Error()
		return r
	}
	if err != nil {
		was.Checked, was.Reason, was.Failed = k.Checked, err.Error(), was.Failed+1
		k = was
		r.Outcome, r.Reason = outFailed, err.Error()
	}
	if r.Outcome != outUnchanged {
		k.unnoted(actor, "rules.update", "source:"+s.Name, map[string]string{"outcome": r.Outcome, "sha256": k.Digest, "address": s.where(), "reason": r.Reason})
	}
	if serr := k.save(b.Dir, s.Name); serr != nil {
		r.Outcome, r.Reason = outFailed, errors.Join(err, serr).Error()
	}
	b.noteSource(ctx, s.Name)
	clean(folderOf(b.Dir, s.Name), func(base string) bool { return base == sourceFile || base == k.Current || base == k.Previous })
	return r
}

// where is the address of a source without a password.
func (s *Source) where() string {
	if u, err := url.Parse(s.URL); err == nil && s.URL != "" {
		return u.Redacted()
	}
	return s.Path
}

// renew fetches a source and keeps it in a folder of its own; nothing names that folder yet but k.
func (b *Rulebook) renew(ctx context.Context, s *Source, k *kept) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	tag := k.Tag
	if k.URL != s.URL || k.Current == "" {
		tag = ""
	}
	if err := makeDir(folderOf(b.Dir, s.Name)); err != nil {
		return false, err
	}
	got, err := s.fetch(ctx, b.client(), folderOf(b.Dir, s.Name), tag)
	if err != nil || got.same {
		return false, err
	}
	defer got.file.Close()
	k.Verified, k.Tag, k.URL = got.verified, got.tag, s.URL
	if got.sha256 == k.Digest && k.Current != "" {
		return false, nil
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return false, err
	}
	name := path.Base(u.Path)
	if !filepath.IsLocal(name) || name == "." {
		name = s.Name
	}
	files, err := unpack(got.file, name)
	if err != nil {
		return false, err
	}
	if err := b.sound(files); err != nil {
		return false, err
	}
	folder, err := store(b.Dir, s.Name, got.sha256, files)
	if err != nil {
		return false, err
	}
	k.Previous, k.Current, k.Digest, k.Updated = k.Current, folder, got.sha256, k.Checked
	return true, nil
}

// sound reads what was fetched whole: it must hold rules that can be used.
func (b *Rulebook) sound(files []File) error {
	rules := &Rules{Vars: VarsOf(b.Config.Variables)}
	for i := range files {
		if kindOf(files[i].Name) == noFile { // a file that is all there is
			files[i].Name += ".rules"
		}
	}
	if err := rules.add("", files); err != nil {
		return err
	}
	if len(rules.Logs) > 0 && b.SoundLogs != nil {
		if err := b.SoundLogs(rules.Logs); err != nil {
			return err
		}
	}
	loaded, rejected, err := rules.Check()
	switch {
	case err != nil:
		return err
	case len(rules.Files) == 0 && len(rules.Logs) > 0:
	case loaded == 0 && len(rejected) > 0:
		return fmt.Errorf("none of its %d rules can be used: %s: %s", len(rejected), rejected[0].Place, rejected[0].Reason)
	case loaded == 0:
		return errors.New("there is no rule in it")
	}
	return nil
}

// putSource names the new folder of a source, and puts all rules in force with it. Where that fails the one before is named
// again.
func (b *Rulebook) putSource(s *Source, k, was *kept) error {
	if err := k.save(b.Dir, s.Name); err != nil {
		return err
	}
	if _, err := b.Reload(); err != nil {
		return errors.Join(err, was.save(b.Dir, s.Name))
	}
	return nil
}

func (b *Rulebook) client() *http.Client {
	roots := b.Roots
	if roots == nil {
		roots = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return client(roots)
}

// updateDue brings those sources up to date of which it is time, one run at a time.
func (b *Rulebook) updateDue(ctx context.Context) {
	for i := range b.Config.Sources {
		s := &b.Config.Sources[i]
		if s.Disabled || s.URL == "" || s.Interval == 0 {
			continue
		}
		if k, err := loadKept(b.Dir, s.Name); err == nil && b.Clock.Now().Before(k.due(s.Interval)) {
			continue
		}
		u, err := b.Update(ctx, ledger.Program("signature"), s.Name)
		for _, r := range u.Results {
			b.Log.InfoContext(ctx, "a source of rules was asked", "source", r.Source, "outcome", r.Outcome, "reason", r.Reason, "rules", r.Rules)
		}
		if err != nil && !errors.Is(err, ErrBusy) { // whoever is at it has the source, or it is its turn next time
			b.Log.ErrorContext(ctx, "bringing a source of rules up to date", "source", s.Name, "error", err)
		}
	}
}

// SourceView is a source as lists show it.
type SourceView struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"` // shipped, paths, path or url
	Address  string    `json:"address"`
	Enabled  bool      `json:"enabled"`
	Interval int64     `json:"interval_s"`
	State    string    `json:"state"` // loaded, failed, disabled or new
	Reason   string    `json:"reason,omitempty"`
	Updated  time.Time `json:"updated,omitzero"`
	Checked  time.Time `json:"checked,omitzero"`
	Next     time.Time `json:"next,omitzero"`
	Digest   string    `json:"digest,omitempty"`
	Verified string    `json:"verified,omitempty"`
	Rules    int       `json:"rules"`
	Loaded   int       `json:"loaded"`
	Rejected int       `json:"rejected"`
	Disabled int       `json:"disabled"`
	Noisy    int       `json:"noisy"`
	Blind    int       `json:"blind"`
}

// Sources are all sources with what became of their rules.
func (b *Rulebook) Sources() []SourceView {
	var all []SourceView
	if b.Config.Shipped {
		all = append(all, SourceView{Name: Shipped, Kind: "shipped", Enabled: true, State: Loaded})
	}
	for i := range b.Config.Sources {
		all = append(all, b.sourceView(&b.Config.Sources[i]))
	}
	for _, p := range b.Config.Paths {
		all = append(all, SourceView{Name: Paths, Kind: "paths", Address: p, Enabled: true, State: Loaded})
		break
	}
	now := b.Clock.Now()
	b.mu.RLock()
	defer b.mu.RUnlock()
	place := map[string]int{}
	for i := range all {
		place[all[i].Name] = i
	}
	for i := range b.now.items {
		e := &b.now.items[i]
		k, ok := place[e.source]
		if !ok {
			continue
		}
		v := &all[k]
		v.Rules++
		switch state, _ := b.state(e, now); state {
		case Loaded:
			v.Loaded++
		case Rejected:
			v.Rejected++
		case Disabled:
			v.Disabled++
		case Noisy:
			v.Noisy++
		case Blind:
			v.Blind++
		}
	}
	return all
}

func (b *Rulebook) sourceView(s *Source) SourceView {
	v := SourceView{Name: s.Name, Kind: "path", Address: s.where(), Enabled: !s.Disabled, Interval: int64(s.Interval / time.Second), State: Loaded}
	if s.URL != "" {
		v.Kind = "url"
		k, err := loadKept(b.Dir, s.Name)
		v.Updated, v.Checked, v.Digest, v.Verified, v.Reason = k.Updated, k.Checked, k.Digest, k.Verified, k.Reason
		if s.Interval > 0 {
			v.Next = k.due(s.Interval)
		}
		switch {
		case err != nil:
			v.State, v.Reason = "failed", err.Error()
		case k.Reason != "":
			v.State = "failed"
		case k.Current == "":
			v.State, v.Reason = "new", errNeverFetched.Error()
		}
	}
	if s.Disabled {
		v.State = Disabled
	}
	return v
}
