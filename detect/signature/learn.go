package signature

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bulwark/content/rules"
)

// Name is a name by which a program of the hospital calls itself.
type Name struct {
	List      string // on which it belongs: dicom (titles of application entities), hl7 (sending applications), dhcp (addresses of servers)
	Value     string
	First     time.Time // when it was heard first
	Confirmed bool      // a person has confirmed the device that it stands on, after it did
}

// lists are those that are learnt, with what those do who stand on them.
var lists = map[string]Text{"dicom": {"speaks DICOM", "parle DICOM"}, "hl7": {"speaks HL7", "parle HL7"},
	"dhcp": {"hands out addresses (DHCP)", "distribue des adresses (DHCP)"}}

// knownFile is where it is kept what was learnt.
const knownFile = "known.json"

// learnt are the names of a list.
type learnt struct {
	Since time.Time `json:"since"` // when the first was heard
	Names []string  `json:"names"` // sorted
}

// maxNames is how many names of a list are known. Of a hospital with more nobody can be said to be new: its rule stays off.
const maxNames = 20_000

// until is when it is learnt who there is; zero where nobody was heard yet.
func (l *learnt) until(learning time.Duration) time.Time {
	if l.Since.IsZero() {
		return l.Since
	}
	return l.Since.Add(learning)
}

// over reports whether it is known who there is.
func (l *learnt) over(learning time.Duration, now time.Time) bool {
	return len(l.Names) > 0 && len(l.Names) < maxNames && !now.Before(l.until(learning))
}

func loadKnown(dir string) (map[string]*learnt, error) {
	known := map[string]*learnt{}
	text, err := os.ReadFile(filepath.Join(dir, knownFile))
	if err == nil {
		err = json.Unmarshal(text, &known)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, knownFile), err)
	}
	for name := range lists {
		if known[name] == nil {
			known[name] = &learnt{}
		}
	}
	return known, nil
}

// learn adds to a list who was heard while it is learnt who there is, and later whom a person has confirmed.
func (l *learnt) learn(all []Name, learning time.Duration) (changed bool) {
	for _, n := range all {
		if l.Since.IsZero() || n.First.Before(l.Since) && len(l.Names) == 0 {
			l.Since = n.First.UTC()
		}
	}
	for _, n := range all {
		at, known := slices.BinarySearch(l.Names, n.Value)
		if !known && n.Value != "" && len(l.Names) < maxNames && (n.Confirmed || n.First.Before(l.until(learning))) {
			l.Names = slices.Insert(l.Names, at, n.Value)
			changed = true
		}
	}
	return changed
}

// learn asks who there is, and puts the rules in force that know them once they do.
func (b *Rulebook) learn(ctx context.Context) {
	if b.Names == nil || !b.Config.learns() || b.Fleeting {
		return
	}
	known, err := loadKnown(b.Dir)
	if err != nil {
		b.Log.ErrorContext(ctx, "reading who is known", "error", err)
		return
	}
	byList := map[string][]Name{}
	for _, n := range b.Names() {
		byList[n.List] = append(byList[n.List], n)
	}
	now, stale := b.Clock.Now(), false
	for name, l := range known {
		l.learn(byList[name], b.Config.Learning)
		over, was := l.over(b.Config.Learning, now), b.known[name]
		stale = stale || over != was.over || over && len(l.Names) != was.names || !l.Since.Equal(was.since)
	}
	text, err := json.MarshalIndent(known, "", "  ")
	if old, rerr := os.ReadFile(b.path(knownFile)); err == nil && (rerr != nil || string(old) != string(text)) {
		err = replaceFile(b.path(knownFile), text)
	}
	if err == nil && stale {
		_, err = b.Reload()
	}
	if err != nil {
		b.Log.ErrorContext(ctx, "keeping who is known", "error", err)
		return
	}
	b.note(known, now)
}

// note notes what the rules in force know.
func (b *Rulebook) note(known map[string]*learnt, now time.Time) {
	for name, l := range known {
		b.known[name] = inForce{l.over(b.Config.Learning, now), len(l.Names), l.Since}
	}
}

// inForce is what the rules in force know of a list.
type inForce struct {
	over  bool
	names int
	since time.Time
}

// learns reports whether rules are to know who there is.
func (c *Config) learns() bool { return c.Shipped && c.Learning > 0 }

// addKnown adds the rules about whoever is not known, with the lists of those who are. Until these are learnt the rules are off.
func (r *Rules) addKnown(dir string, learning time.Duration, now time.Time) error {
	known, err := loadKnown(dir)
	if err != nil {
		return err
	}
	var files []File
	r.Waits = map[string]Text{}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		file := "known-" + name + ".rules"
		text, err := fs.ReadFile(rules.Known(), file)
		if err != nil {
			return err
		}
		list := KnownList(name, known[name].Names)
		list.Name = Shipped + "/" + list.Name
		files = append(files, File{Name: Shipped + "/" + file, Text: text}, list)
		if !known[name].over(learning, now) {
			r.Waits[Shipped+"/"+file] = known[name].waits(name, learning)
		}
	}
	return r.add(Shipped, files)
}

// waits says until when a rule is off.
func (l *learnt) waits(name string, learning time.Duration) Text {
	days := fmt.Sprintf("%.4g", learning.Hours()/24)
	switch {
	case len(l.Names) >= maxNames:
		return Text{fmt.Sprintf("More than %d names were heard: nobody can be said to be new.", maxNames),
			fmt.Sprintf("Plus de %d noms ont été entendus : on ne peut dire de personne qu'il est nouveau.", maxNames)}
	case l.Since.IsZero():
		return Text{fmt.Sprintf("It learns who %s for %s days from the first who does. Then it tells of whoever is new.", lists[name].EN, days),
			fmt.Sprintf("Elle apprend qui %s pendant %s jours à partir du premier. Ensuite, elle signale tout nouveau venu.", lists[name].FR, days)}
	}
	day := l.until(learning).Format("2006-01-02 15:04")
	return Text{fmt.Sprintf("It learns who %s until %s. Then it tells of whoever is new.", lists[name].EN, day),
		fmt.Sprintf("Elle apprend qui %s jusqu'au %s. Ensuite, elle signale tout nouveau venu.", lists[name].FR, day)}
}

// KnownList is the file of a list of names, as datasets are read: a line each, texts in base64.
func KnownList(list string, names []string) File {
	var text strings.Builder
	for _, n := range names {
		if list != "dhcp" {
			n = base64.StdEncoding.EncodeToString([]byte(n))
		}
		text.WriteString(n + "\n")
	}
	return File{Name: "known-" + list + ".lst", Text: []byte(text.String()), Data: true}
}
