package logrule

import (
	"cmp"
	"strings"
	"time"

	"bulwark/detect/logrule/internal/names"
	"bulwark/detect/logrule/internal/record"
	"bulwark/detect/logrule/internal/sigma"
)

// JSON reads events that are JSON objects, one after the other. Its zero value is ready; it is not safe for concurrent use.
type JSON struct {
	record record.Record
	event  Event
	first  [len(spoken)]int // by the number of a spoken name: its first value, +1; 0: there is none
}

// spoken are the names by which logs say what they are; times stand from fromTime on, in the order in which they are asked.
var spoken = [...]string{"product", "category", "service", "Channel", "EventID", "Provider_Name", "SourceName", "Computer", "Hostname", "host.name",
	"TimeCreated_SystemTime", "@timestamp", "TimeCreated", "UtcTime", "timestamp"}

const (
	product = iota
	category
	service
	channel
	eventID
	provider
	sourceName
	computer
	hostname
	host
	fromTime
)

var spokenNames = names.New(spoken[:]...)

// Read takes one event. What it returns is valid until the next call. An event says itself of which log source it is, with the fields
// product, category and service; one with a Channel and an EventID is of Windows.
func (j *JSON) Read(text []byte) (*Event, error) {
	r := &j.record
	if err := r.Read(text); err != nil {
		return nil, err
	}
	clear(j.first[:])
	for k := range r.Len() {
		if n := spokenNames.Of(r.Name(k)); n >= 0 && j.first[n] == 0 {
			j.first[n] = k + 1
		}
	}
	j.event = Event{Source: sigma.Source{Product: j.text(product), Category: j.text(category), Service: j.text(service)}, body: r}
	if j.event.Source.Product == "" && j.text(channel) != "" && j.text(eventID) != "" {
		j.event.Source.Product = "windows"
	}
	if j.event.Source.Product == "windows" { // as NXLog calls them
		j.also(provider, sourceName)
		j.also(computer, hostname)
	}
	j.event.Time, j.event.Host = j.time(), cmp.Or(j.text(computer), j.text(hostname), j.text(host))
	return &j.event, nil
}

// text is what a spoken name says; empty where it is missing.
func (j *JSON) text(name int) string {
	if k := j.first[name]; k > 0 {
		return j.record.Value(k - 1).Text
	}
	return ""
}

// also gives an event a name that it does not have, with the first value of another.
func (j *JSON) also(name, of int) {
	if k := j.first[of]; k > 0 && j.first[name] == 0 && j.record.Also(spoken[name], k-1) {
		j.first[name] = j.record.Len()
	}
}

// time is when an event was, by the fields in which logs usually say so; the zero time where none does.
func (j *JSON) time() time.Time {
	for n := fromTime; n < len(spoken); n++ {
		if t, ok := parseTime(j.text(n)); ok {
			return t
		}
	}
	return time.Time{}
}

// parseTime reads a time of RFC 3339, or one of its form with a blank in place of the T and no zone: that is of UTC.
func parseTime(s string) (t time.Time, ok bool) {
	const date = "2006-01-02T15:04:05"
	if len(s) < len(date) {
		return t, false
	}
	if s[10] == 'T' {
		t, err := time.Parse(time.RFC3339Nano, s) // which has a quick way for just this
		return t.UTC(), err == nil
	}
	var n [6]int
	for k, at := range [...]int{0, 5, 8, 11, 14, 17} {
		width := 2
		if k == 0 {
			width = 4
		}
		for _, c := range []byte(s[at : at+width]) {
			if c < '0' || c > '9' {
				return t, false
			}
			n[k] = n[k]*10 + int(c-'0')
		}
	}
	nanos, rest := 0, s[len(date):]
	if strings.HasPrefix(rest, ".") {
		unit := 100_000_000
		for rest = rest[1:]; rest != "" && rest[0] >= '0' && rest[0] <= '9'; rest = rest[1:] {
			nanos += int(rest[0]-'0') * unit
			unit /= 10
		}
	}
	t = time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nanos, time.UTC)
	whole := t.Month() == time.Month(n[1]) && t.Hour() == n[3] && t.Minute() == n[4] && t.Second() == n[5]
	return t, whole && rest == "" && s[4] == '-' && s[7] == '-' && s[10] == ' ' && s[13] == ':' && s[16] == ':'
}

// Clone is an event that stays as it is.
func (e *Event) Clone() *Event {
	f := &pairs{}
	for k := range e.Len() {
		v := e.Value(k)
		f.names, f.values = append(f.names, strings.Clone(e.Name(k))), append(f.values, sigma.Value{Text: strings.Clone(v.Text), Null: v.Null})
	}
	of := sigma.Source{Product: strings.Clone(e.Source.Product), Category: strings.Clone(e.Source.Category), Service: strings.Clone(e.Source.Service)}
	return &Event{Source: of, Time: e.Time, Host: strings.Clone(e.Host), body: f}
}
