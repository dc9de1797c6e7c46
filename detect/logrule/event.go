package logrule

import (
	"strings"
	"time"

	"bulwark/detect/logrule/internal/sigma"
	"bulwark/wire/evtx"
)

// Event is one of a log, as rules see it.
type Event struct {
	Source  sigma.Source // product, and category and service where the log itself tells
	Time    time.Time
	Host    string
	channel string // of Windows
	number  string // of the event, of Windows
	fields  map[string][]sigma.Value
	order   []string // names of the fields
}

// Values are those of a field; none where it is missing.
func (e *Event) Values(field string) []sigma.Value { return e.fields[field] }

// constant are the fields that are known before an event of Windows is looked at.
var constant = [...]string{"EventID", "Channel", "Provider_Name"}

// known are the values of those.
func (e *Event) known() map[string]sigma.Value {
	out := map[string]sigma.Value{}
	for _, name := range constant {
		if all := e.fields[name]; len(all) == 1 {
			out[name] = all[0]
		}
	}
	return out
}

// Every are all values.
func (e *Event) Every() (all []sigma.Value) {
	for _, name := range e.order {
		all = append(all, e.fields[name]...)
	}
	return all
}

// Fields are the names of the fields, in the order of the log.
func (e *Event) Fields() []string { return e.order }

// Text is what a field says; several values with a comma between.
func (e *Event) Text(field string) string {
	var all []string
	for _, v := range e.fields[field] {
		all = append(all, v.Text)
	}
	return strings.Join(all, ", ")
}

func (e *Event) add(name string, v sigma.Value) {
	if _, ok := e.fields[name]; !ok {
		e.order = append(e.order, name)
	}
	e.fields[name] = append(e.fields[name], v)
}

// OfWindows is a record of a Windows log. Fields of System have the names that Sigma gives them: EventID, Channel, Provider_Name;
// those of EventData and UserData have their own, and where these have spaces in them also the name without.
func OfWindows(r *evtx.Record) *Event {
	e := &Event{Source: sigma.Source{Product: "windows"}, Time: r.Written, fields: map[string][]sigma.Value{}}
	for _, part := range r.Root.Children {
		if part.Name == "System" {
			e.system(part)
		} else {
			for _, c := range part.Children {
				e.data(c, 0)
			}
		}
	}
	e.channel, e.number, e.Host = e.Text("Channel"), e.Text("EventID"), e.Text("Computer")
	return e
}

func (e *Event) system(part *evtx.Element) {
	for _, c := range part.Children {
		if len(c.Values) > 0 {
			e.add(c.Name, sigma.Value{Text: c.Text()})
		}
		for _, a := range c.Attributes {
			name := c.Name + "_" + a.Name
			e.add(name, sigma.Value{Text: a.Value.Text})
			if name == "Security_UserID" {
				e.add("UserID", sigma.Value{Text: a.Value.Text})
			}
			if name == "TimeCreated_SystemTime" {
				if t, err := time.Parse(time.RFC3339Nano, a.Value.Text); err == nil {
					e.Time = t
				}
			}
		}
	}
}

// data takes an element of EventData or UserData.
func (e *Event) data(c *evtx.Element, depth int) {
	const deepest = 16
	if len(c.Children) > 0 {
		for _, child := range c.Children {
			if depth < deepest {
				e.data(child, depth+1)
			}
		}
		return
	}
	name := c.Name
	for _, a := range c.Attributes {
		if a.Name == "Name" {
			name = a.Value.Text
		}
	}
	if len(c.Values) == 1 && c.Values[0].Array() {
		for _, text := range c.Values[0].List {
			e.add(name, sigma.Value{Text: text})
		}
		return
	}
	e.add(name, sigma.Value{Text: c.Text()})
	if short := strings.ReplaceAll(name, " ", ""); short != name {
		e.add(short, sigma.Value{Text: c.Text()})
	}
}
