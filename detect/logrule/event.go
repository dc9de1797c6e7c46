package logrule

import (
	"strings"
	"time"

	"bulwark/detect/logrule/internal/engine"
	"bulwark/detect/logrule/internal/sigma"
	"bulwark/wire/evtx"
)

// Event is one of a log, as rules see it.
type Event struct {
	Source sigma.Source // product, and category and service where the log itself tells
	Time   time.Time
	Host   string
	body
}

// body is the fields of an event.
type body interface {
	sigma.Event
	engine.Event
	// Text is what a field says; empty where it is missing.
	Text(field string) string
	// Fields are the names of the fields, in the order of the log.
	Fields() []string
}

// constant are the fields that are known before an event of Windows is looked at.
var constant = [...]string{"EventID", "Channel", "Provider_Name"}

// known are the values of those.
func (e *Event) known() map[string]sigma.Value {
	out := map[string]sigma.Value{}
	for _, name := range constant {
		if all := e.Values(name); len(all) == 1 {
			out[name] = all[0]
		}
	}
	return out
}

// OfWindows is a record of a Windows log. Fields of System have the names that Sigma gives them: EventID, Channel, Provider_Name;
// those of EventData and UserData have their own, and where these have spaces in them also the name without.
func OfWindows(r *evtx.Record) *Event {
	f := &pairs{}
	e := &Event{Source: sigma.Source{Product: "windows"}, Time: r.Written, body: f}
	for _, part := range r.Root.Children {
		if part.Name == "System" {
			f.system(part)
		} else {
			for _, c := range part.Children {
				f.data(c, 0)
			}
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, f.Text("TimeCreated_SystemTime")); err == nil {
		e.Time = t
	}
	e.Host = f.Text("Computer")
	return e
}

func (f *pairs) system(part *evtx.Element) {
	for _, c := range part.Children {
		if len(c.Values) > 0 {
			f.add(c.Name, c.Text())
		}
		for _, a := range c.Attributes {
			name := c.Name + "_" + a.Name
			f.add(name, a.Value.Text)
			if name == "Security_UserID" {
				f.add("UserID", a.Value.Text)
			}
		}
	}
}

// data takes an element of EventData or UserData.
func (f *pairs) data(c *evtx.Element, depth int) {
	const deepest = 16
	if len(c.Children) > 0 {
		for _, child := range c.Children {
			if depth < deepest {
				f.data(child, depth+1)
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
			f.add(name, text)
		}
		return
	}
	f.add(name, c.Text())
	if short := strings.ReplaceAll(name, " ", ""); short != name {
		f.add(short, c.Text())
	}
}
