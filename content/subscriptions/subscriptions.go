// Package subscriptions holds what machines with Windows are asked to forward, one file a purpose. They are content: a hospital adds its
// own, or writes over one that is shipped by the same id. A machine takes up a change when it next asks, and delivers all that it has
// of a channel that is new in a file: channels go into a new file rather.
package subscriptions

import (
	"bytes"
	"embed"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"bulwark/platform/conf"
)

//go:embed *.yaml
var shipped embed.FS

// Form is that of the files that this program reads.
const Form = 1

// Subscription is what machines are asked to forward for one purpose.
type Subscription struct {
	// Form is that of the file: 1.
	Form int `conf:"form"`
	// ID is a short word, which a file of the hospital's own writes over.
	ID string `conf:"id"`
	// GUID is what machines know it by; another one makes it a new subscription to them.
	GUID string `conf:"guid"`
	// Title is what it is for.
	Title Text `conf:"title"`
	// Off: machines are not asked for it.
	Off bool `conf:"off"`
	// Existing: machines deliver what their logs already have when they first take it up; otherwise from then on.
	Existing bool `conf:"existing"`
	// Rendered: events bring their texts for people, three times as many bytes.
	Rendered bool `conf:"rendered"`
	// Seconds is how long a machine may gather events before it sends them. 0 means 10.
	Seconds int `conf:"seconds"`
	// Select says which events.
	Select []Events `conf:"select"`
	// Suppress says which of these not.
	Suppress []Events `conf:"suppress"`
}

// Text is in both languages.
type Text struct {
	// EN is English.
	EN string `conf:"en"`
	// FR is French.
	FR string `conf:"fr"`
}

// Events are some of a channel.
type Events struct {
	// Channel is its name, as the event viewer shows it under properties: Microsoft-Windows-Sysmon/Operational.
	Channel string `conf:"channel"`
	// Where is a condition in the XPath of event logs, at most 22 terms. Empty means all.
	Where string `conf:"where"`
}

const (
	usualSeconds = 10
	mostSeconds  = 3600
	mostEvents   = 64 // entries of a query
	mostFiles    = 100
	mostTerms    = 22 // of a condition: more are refused by Windows
)

var (
	word = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	guid = regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)
)

// Check refuses a subscription that machines cannot take up.
func (s *Subscription) Check() error {
	switch {
	case s.Form != Form:
		return conf.At("form", fmt.Errorf("%d is not %d, the form that this program reads", s.Form, Form))
	case !word.MatchString(s.ID):
		return conf.At("id", fmt.Errorf("%q is not a word of small letters, digits and hyphens", s.ID))
	case !guid.MatchString(s.GUID):
		return conf.At("guid", fmt.Errorf("%q is no GUID in capital letters", s.GUID))
	case s.Title.EN == "" || s.Title.FR == "":
		return conf.At("title", errors.New("it is empty in one language"))
	case s.Seconds < 0 || s.Seconds > mostSeconds:
		return conf.At("seconds", fmt.Errorf("%d is not between 0 and %d", s.Seconds, mostSeconds))
	case len(s.Select) == 0:
		return conf.At("select", errors.New("it selects no events"))
	case len(s.Select)+len(s.Suppress) > mostEvents:
		return conf.At("select", fmt.Errorf("more than %d entries", mostEvents))
	}
	if err := check("select", s.Select); err != nil {
		return err
	}
	return check("suppress", s.Suppress)
}

func check(key string, all []Events) error {
	for n, e := range all {
		at := fmt.Sprintf("%s[%d].", key, n)
		if e.Channel == "" {
			return conf.At(at+"channel", errors.New("it is empty"))
		}
		if e.Where != "" && !strings.HasPrefix(e.Where, "*[") {
			return conf.At(at+"where", fmt.Errorf("%q does not begin with *[", e.Where))
		}
		if terms := strings.Count(e.Where, "="); terms > mostTerms {
			return conf.At(at+"where", fmt.Errorf("%d terms are more than %d", terms, mostTerms))
		}
	}
	return nil
}

// Within is how many seconds a machine may gather events.
func (s *Subscription) Within() int {
	if s.Seconds == 0 {
		return usualSeconds
	}
	return s.Seconds
}

// Query is the list of queries that a machine runs ([MS-WSMV] 2.2.4.24).
func (s *Subscription) Query() string {
	var b strings.Builder
	b.WriteString(`<QueryList>`)
	var channels []string
	for _, e := range s.Select {
		if !slices.Contains(channels, e.Channel) {
			channels = append(channels, e.Channel)
		}
	}
	for n, channel := range channels {
		fmt.Fprintf(&b, `<Query Id="%d">`, n)
		write(&b, "Select", channel, s.Select)
		write(&b, "Suppress", channel, s.Suppress)
		b.WriteString(`</Query>`)
	}
	b.WriteString(`</QueryList>`)
	return b.String()
}

func write(b *strings.Builder, name, channel string, all []Events) {
	for _, e := range all {
		if e.Channel != channel {
			continue
		}
		where := e.Where
		if where == "" {
			where = "*"
		}
		fmt.Fprintf(b, `<%s Path="`, name)
		_ = xml.EscapeText(b, []byte(channel))
		b.WriteString(`">`)
		_ = xml.EscapeText(b, []byte(where))
		fmt.Fprintf(b, `</%s>`, name)
	}
}

// Load reads the subscriptions that come with the program and those of own, which may be nil, in the order of their ids. Those that are
// off are left out. Errors name the file and the place in it.
func Load(own fs.FS) ([]*Subscription, error) {
	all := map[string]*Subscription{}
	for _, dir := range []fs.FS{shipped, own} {
		if dir == nil {
			continue
		}
		names, err := fs.Glob(dir, "*.yaml")
		if err != nil || len(names) > mostFiles {
			return nil, fmt.Errorf("more than %d subscriptions, or a folder that cannot be read: %w", mostFiles, err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(dir, name)
			if err != nil {
				return nil, err
			}
			s := &Subscription{}
			if err := conf.Load(bytes.NewReader(text), path.Base(name), s); err != nil {
				return nil, err
			}
			all[s.ID] = s
		}
	}
	return sorted(all)
}

func sorted(all map[string]*Subscription) (out []*Subscription, err error) {
	known := map[string]string{}
	for id, s := range all {
		if s.Off {
			continue
		}
		if other := known[s.GUID]; other != "" {
			return nil, fmt.Errorf("%s and %s have the same guid", min(id, other), max(id, other))
		}
		known[s.GUID] = id
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *Subscription) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}
