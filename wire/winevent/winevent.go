// Package winevent reads events of Windows from their XML (http://schemas.microsoft.com/win/2004/08/events/event), as they are forwarded
// and exported. Fields have the names that Sigma rules use.
package winevent

import (
	"bytes"
	"errors"
	"strings"

	"bulwark/event"
	"bulwark/wire/internal/markup"
)

// ErrFormat means that the text is no event, or ends within it.
var ErrFormat = errors.New("winevent: no event of Windows")

// Bounds of an event.
const (
	maxFields = 512
	maxValue  = 64 << 10 // bytes
	maxDepth  = 16
)

// Event is one event. Its zero value is ready for [Event.Parse]; its texts are those of the XML, or of memory of its own that the next
// one writes over.
type Event struct {
	// Fields are names and values, one after the other. Those of System are named by the element, and those of its attributes by both:
	// EventID, Provider_Name, TimeCreated_SystemTime. Those of EventData and UserData have their own names, Data where there is none,
	// and where these have blanks in them also the name without.
	Fields []string

	Message string // the text for people, where the machine rendered it
	Level   string // likewise, in the language of the machine
	Cut     bool   // it had more fields, or longer ones

	text []byte // values that are not as they stand in the XML
}

// Field is the first value of a field; "" where there is none of that name.
func (e *Event) Field(name string) string {
	for i := 0; i+1 < len(e.Fields); i += 2 {
		if e.Fields[i] == name {
			return e.Fields[i+1]
		}
	}
	return ""
}

// part is what an element of an event is within.
type part uint8

const (
	none part = iota
	system
	data
	rendering
)

// parser goes over the tags of an event.
type parser struct {
	*Event
	rest []byte
	open [maxDepth + 1]string // name that the value of an open element has
	leaf bool                 // the tag before opened an element of a part
}

// Parse reads an event in UTF-8.
func (e *Event) Parse(p []byte) error {
	*e = Event{Fields: e.Fields[:0], text: e.text[:0]}
	x := parser{Event: e, rest: p}
	within := none
	for depth := 0; ; {
		before, t, ok := x.next()
		if !ok {
			return ErrFormat
		}
		if t.Close {
			if depth--; depth < 0 {
				return ErrFormat
			}
			if x.leaf {
				x.value(within, x.open[min(depth, maxDepth)], before)
			}
			x.leaf = false
			switch depth {
			case 0:
				return nil
			case 1:
				within = none
			}
			continue
		}
		switch depth {
		case 0:
			if string(t.Local()) != "Event" || t.Empty {
				return ErrFormat
			}
		case 1:
			within = partOf(t.Local())
		default:
			x.begin(within, t, depth)
		}
		if x.leaf = !t.Empty && depth > 1; !t.Empty {
			depth++
		} else if depth == 1 {
			within = none
		}
	}
}

func partOf(name []byte) part {
	switch string(name) {
	case "System":
		return system
	case "RenderingInfo":
		return rendering
	}
	return data
}

// next is the next tag of an element, and what stands between it and the one before.
func (x *parser) next() (before []byte, t markup.Tag, ok bool) {
	whole := x.rest
	for {
		i := bytes.IndexByte(x.rest, '<')
		if i < 0 {
			return nil, t, false
		}
		at := len(whole) - len(x.rest) + i
		n := markup.End(x.rest[i:])
		if n == 0 {
			return nil, t, false
		}
		t = markup.Parse(x.rest[i : i+n])
		x.rest = x.rest[i+n:]
		if len(t.Name) > 0 {
			return whole[:at], t, true
		}
	}
}

// begin takes the tag of an element of a part.
func (x *parser) begin(within part, t markup.Tag, depth int) {
	name := ""
	switch within {
	case system:
		name = x.system(t)
	case data:
		if n := t.Attr("Name"); n != nil {
			name = x.view(n)
		} else {
			name = event.View(t.Local())
		}
	case rendering:
		name = event.View(t.Local())
	}
	if t.Empty {
		if within == data {
			x.add(name, "")
		}
		return
	}
	x.open[min(depth, maxDepth)] = name
}

// attributes are those of the elements of System, which the schema fixes, with the fields that they are.
var attributes = map[string][]struct{ name, field string }{
	"Provider":    {{"Name", "Provider_Name"}, {"Guid", "Provider_Guid"}, {"EventSourceName", "Provider_EventSourceName"}},
	"EventID":     {{"Qualifiers", "EventID_Qualifiers"}},
	"TimeCreated": {{"SystemTime", "TimeCreated_SystemTime"}},
	"Correlation": {{"ActivityID", "Correlation_ActivityID"}, {"RelatedActivityID", "Correlation_RelatedActivityID"}},
	"Execution": {{"ProcessID", "Execution_ProcessID"}, {"ThreadID", "Execution_ThreadID"}, {"ProcessorID", "Execution_ProcessorID"},
		{"SessionID", "Execution_SessionID"}, {"KernelTime", "Execution_KernelTime"}, {"UserTime", "Execution_UserTime"},
		{"ProcessorTime", "Execution_ProcessorTime"}},
	"Security": {{"UserID", "Security_UserID"}, {"UserID", "UserID"}},
}

func (x *parser) system(t markup.Tag) (name string) {
	name = event.View(t.Local())
	for _, a := range attributes[name] {
		if v := t.Attr(a.name); v != nil {
			x.add(a.field, x.view(v))
		}
	}
	return name
}

// value takes the text of an element without children.
func (x *parser) value(within part, name string, text []byte) {
	switch {
	case within == system && len(text) > 0, within == data:
		x.add(name, x.view(text))
	case within == rendering && name == "Message":
		x.Message = x.view(text)
	case within == rendering && name == "Level":
		x.Level = x.view(text)
	}
}

func (x *parser) add(name, value string) {
	if len(x.Fields) >= 2*maxFields {
		x.Cut = true
		return
	}
	if len(value) > maxValue {
		value, x.Cut = strings.ToValidUTF8(value[:maxValue], ""), true
	}
	x.Fields = append(x.Fields, name, value)
	if strings.IndexByte(name, ' ') >= 0 && len(x.Fields) < 2*maxFields {
		x.Fields = append(x.Fields, strings.ReplaceAll(name, " ", ""), value)
	}
}

// view is text as it reads, with entities replaced.
func (x *parser) view(p []byte) string {
	if bytes.IndexByte(p, '&') < 0 && bytes.IndexByte(p, '<') < 0 {
		return event.View(p)
	}
	from := len(x.text)
	x.text = markup.AppendContent(x.text, p)
	return event.View(x.text[from:])
}
