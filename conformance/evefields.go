package conformance

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	fields "bulwark/conformance/eve"
	"bulwark/event"
	"bulwark/event/eve"
)

// eveOptions are the ways in which records are written for eve_fields: as usual, all that can be switched on, and the
// older and shorter forms.
func eveOptions() []eve.Options {
	all := eve.Options{Ethernet: true, Mail: true,
		MailFields: []string{"reply-to", "x-originating-ip", "in-reply-to", "references", "importance", "priority", "sensitivity",
			"organization", "content-md5", "date", "bcc", "received"},
		MailDigests: []string{"body", "subject"}, URLSchemes: []string{"http", "https"}, FullURLs: true, NoZeros: true,
		Records: eve.Records{Hellos: true, Headers: true, Passwords: true, Hashes: []string{"md5", "sha1", "sha256"}}}
	return []eve.Options{{}, all, {DNS2: true, ShortDHCP: true, ShortIPv6: true, Records: eve.Records{Types: []string{"dns", "dhcp", "netflow"}}}}
}

// runEVEFields judges each EVE record of all captures by the list of the fields that Suricata's schema has. A case is
// one field of one event type.
func runEVEFields(ctx context.Context, b *Bench) ([]Case, error) {
	list, err := fields.Suricata()
	if err != nil {
		return nil, err
	}
	j := newEVEJudge(list)
	err = b.captures(func(name string, data []byte) error {
		path, err := b.capture(data)
		if err != nil {
			return err
		}
		_ = j.capture(ctx, name, path) // what is readable of a damaged capture was read
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	if b.Report != nil {
		j.report(b)
	}
	return j.cases(), nil
}

// eveJudge gathers what is wrong with the fields of each event type.
type eveJudge struct {
	list    *fields.List
	seen    map[string]map[string]string // event type, field: the first fault and where it was; empty: none
	records map[string]int               // of an event type
}

func newEVEJudge(list *fields.List) *eveJudge {
	return &eveJudge{list: list, seen: map[string]map[string]string{}, records: map[string]int{}}
}

func (j *eveJudge) capture(ctx context.Context, name, path string) error {
	options := eveOptions()
	writers := make([]eve.Writer, len(options))
	for i := range options {
		writers[i].Options = options[i]
	}
	return watch(ctx, path, &options[1], func(e *event.Event) error {
		for i := range writers {
			for line := range bytes.SplitSeq(writers[i].Append(nil, e), []byte{'\n'}) {
				if len(line) == 0 {
					continue
				}
				r, err := parse(line)
				if err != nil {
					return err
				}
				j.record(name, r)
			}
		}
		return nil
	})
}

func (j *eveJudge) record(capture string, r record) {
	kind, _ := r["event_type"].(string)
	j.records[kind]++
	if own := ownKind(r); own != "" {
		j.own(capture, own, r)
		return
	}
	seen := j.seen[kind]
	if seen == nil {
		seen = map[string]string{}
		j.seen[kind] = seen
	}
	j.list.Judge(r, func(path, why string) {
		if why != "" {
			why = fmt.Sprintf("%s (%s)", why, capture)
		}
		if old, ok := seen[path]; !ok || old == "" {
			seen[path] = why
		}
	})
}

// ownKind is the kind of a record that Suricata does not have, by its mark; empty for one that it has.
func ownKind(r record) string {
	mark, _ := r["bulwark"].(map[string]any)
	kind, _ := mark["kind"].(string)
	return kind
}

// own judges a record of a kind that Suricata does not have: what stands around its own object is Suricata's, and no
// field of Suricata's is called as the kind is. A call of a file service is written with Suricata's objects.
func (j *eveJudge) own(capture, kind string, r record) {
	why := ""
	switch {
	case r["event_type"] != kind:
		why = fmt.Sprintf("event_type is %v", r["event_type"])
	case j.list.Has(kind):
		why = "Suricata has a field of that name"
	}
	j.list.Judge(r, func(path, fault string) {
		if fault != "" && path != kind && why == "" {
			why = path + " " + fault
		}
	})
	if why != "" {
		why = fmt.Sprintf("%s (%s)", why, capture)
	}
	if j.seen[kind] == nil {
		j.seen[kind] = map[string]string{}
	}
	if old, ok := j.seen[kind]["told apart"]; !ok || old == "" {
		j.seen[kind]["told apart"] = why
	}
}

func (j *eveJudge) cases() []Case {
	var all []Case
	for kind, seen := range j.seen {
		for path, why := range seen {
			all = append(all, Case{Family: kind, Name: kind + " " + path, Why: why})
		}
	}
	slices.SortFunc(all, func(a, b Case) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// report lists the fields of the schema that no record had, by the object that they stand in: of the objects that
// are written at all.
func (j *eveJudge) report(b *Bench) {
	written := map[string]bool{}
	for _, seen := range j.seen {
		for path := range seen {
			written[path] = true
		}
	}
	never := map[string][]string{}
	for _, path := range j.list.Paths() {
		object, rest, _ := strings.Cut(strings.Replace(path, "[]", "", 1), ".")
		if !written[path] && (rest == "" || written[object]) {
			never[object] = append(never[object], path)
		}
	}
	for _, object := range slices.Sorted(maps.Keys(never)) {
		fmt.Fprintf(b.Report, "eve_fields never written: %s\n", strings.Join(never[object], " "))
	}
	for _, kind := range slices.Sorted(maps.Keys(j.records)) {
		fmt.Fprintf(b.Report, "eve_fields records: %s %d\n", kind, j.records[kind])
	}
}
