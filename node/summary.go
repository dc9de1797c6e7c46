package node

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"bulwark/event"
)

// summary is what bulwark read prints for a person: what there was, and the hospital's own in detail.
type summary struct {
	first, last  int64
	kinds        map[event.Kind]int
	apps         map[string]*traffic
	talkers      map[string]*traffic
	associations map[string]*int
	messages     map[string]*int
	fhir         map[string]*int
	names        map[string]*int
	alerts       map[string]*int
}

type traffic struct{ flows, packets, bytes uint64 }

// maxGroups bounds each table of a summary.
const maxGroups = 100_000

func newSummary() *summary {
	return &summary{kinds: map[event.Kind]int{}, apps: map[string]*traffic{}, talkers: map[string]*traffic{},
		associations: map[string]*int{}, messages: map[string]*int{}, fhir: map[string]*int{}, names: map[string]*int{},
		alerts: map[string]*int{}}
}

func (s *summary) add(e *event.Event) {
	if s.first == 0 || e.Time < s.first {
		s.first = e.Time
	}
	s.last = max(s.last, e.Time)
	s.kinds[e.Payload.Kind()]++
	switch p := e.Payload.(type) {
	case *event.Flow:
		s.flow(e, p)
	case *event.Alert:
		tally(s.alerts, fmt.Sprintf("%d %s", p.SID, p.Title))
	case *event.DNS:
		tally(s.names, p.Hostname)
	case *event.TLS:
		tally(s.names, p.SNI)
	case *event.HTTP:
		tally(s.names, p.Host)
	case *event.DICOM:
		text := fmt.Sprintf("%s -> %s: %s %s", p.CallingAE, p.CalledAE, p.Activity, few(p.SOPClasses))
		if p.Result != "" {
			text += " (" + p.Result + ")"
		}
		tally(s.associations, text)
	case *event.HL7:
		tally(s.messages, fmt.Sprintf("%s/%s -> %s/%s: %s^%s v%s, acknowledged %s", p.SendingApp, p.SendingFac,
			p.ReceivingApp, p.ReceivingFac, p.Type, p.Trigger, p.Version, cmp.Or(p.Ack, "never")))
	case *event.FHIR:
		tally(s.fhir, fmt.Sprintf("%s %s at %s", p.Interaction, p.Resource, p.Host))
	}
}

// few joins a list, of which it leaves out all but the first three.
func few(list []string) string {
	if len(list) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), len(list)-3)
	}
	return strings.Join(list, ", ")
}

func (s *summary) flow(e *event.Event, p *event.Flow) {
	app := cmp.Or(p.App, event.ProtoName(e.Proto)+", not recognised")
	count(s.apps, app, p)
	count(s.talkers, e.Src.String()+" -> "+e.Dst.String(), p)
}

func count(m map[string]*traffic, name string, p *event.Flow) {
	t := m[name]
	if t == nil {
		if len(m) >= maxGroups {
			return
		}
		t = new(traffic)
		m[strings.Clone(name)] = t
	}
	t.flows++
	t.packets += p.PacketsOut + p.PacketsIn
	t.bytes += p.BytesOut + p.BytesIn
}

// tally counts a text, which may lie in a batch that is about to be overwritten: m[text]++ would put it in the place
// of the key that was cloned.
func tally(m map[string]*int, text string) {
	if text == "" {
		return
	}
	n := m[text]
	if n == nil {
		if len(m) >= maxGroups {
			return
		}
		n = new(int)
		m[strings.Clone(text)] = n
	}
	*n++
}

func (s *summary) print(out io.Writer, packets, bytes uint64) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%d packets, %d bytes", packets, bytes)
	if s.first != 0 {
		fmt.Fprintf(w, ", %s to %s", time.Unix(0, s.first).UTC().Format(time.DateTime), time.Unix(0, s.last).UTC().Format(time.DateTime)+" UTC")
	}
	fmt.Fprintln(w)
	printTally(w, "Rules that match", s.alerts, 40)
	printTraffic(w, "By protocol", s.apps, 30)
	printTraffic(w, "Who talks to whom", s.talkers, 10)
	printTally(w, "DICOM", s.associations, 40)
	printTally(w, "HL7 v2", s.messages, 40)
	printTally(w, "FHIR", s.fhir, 40)
	printTally(w, "Names asked for", s.names, 20)
	return w.Flush()
}

func printTraffic(w io.Writer, title string, m map[string]*traffic, most int) {
	if len(m) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\tflows\tpackets\tbytes\n", title)
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(m[b].bytes, m[a].bytes), cmp.Compare(a, b))
	})
	for _, n := range names[:min(len(names), most)] {
		fmt.Fprintf(w, "  %s\t%d\t%d\t%d\n", n, m[n].flows, m[n].packets, m[n].bytes)
	}
	more(w, len(names), most)
}

func printTally(w io.Writer, title string, m map[string]*int, most int) {
	if len(m) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(*m[b], *m[a]), cmp.Compare(a, b))
	})
	for _, n := range names[:min(len(names), most)] {
		fmt.Fprintf(w, "  %s\t%d\n", printable(n), *m[n])
	}
	more(w, len(names), most)
}

func more(w io.Writer, n, most int) {
	if n > most {
		fmt.Fprintf(w, "  and %d more\n", n-most)
	}
}

// printable keeps what steers a terminal or hides in a text from reaching it off the wire.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, s)
}
