package eve

import "bulwark/event"

// notes writes what rules have noted of the flow: the objects metadata and traffic.
func (w *Writer) notes(e *event.Event) {
	if e.Notes != "" && !w.NoNotes {
		w.j.fields("{" + e.Notes + "}")
	}
}

// fields writes the fields of an object of JSON; nothing where text is none.
func (j *object) fields(text string) {
	if len(text) > 2 && text[0] == '{' && event.ValidJSON(text) {
		j.comma()
		j.buf = append(j.buf, text[1:len(text)-1]...)
	}
}
