package logs

import (
	"slices"
	"testing"

	"bulwark/event"
)

func TestLinesOfKnownFormsAreTypedAndCountedOnce(t *testing.T) {
	for _, c := range []struct {
		does, line string
		kinds      []event.Kind
		format     string
	}{
		{"an alert of Suricata is a log and an alert", `{"timestamp":"2026-05-01T10:00:00Z","event_type":"alert","src_ip":"10.0.0.1","alert":{"signature_id":1}}`,
			[]event.Kind{event.KindLog, event.KindAlert}, "eve"},
		{"a sign-on that a system reports is an audit message and a sign-on", `<85>1 - ehr x - - - <AuditMessage><EventIdentification EventOutcomeIndicator="0">` +
			`<EventID csd-code="110114"/><EventTypeCode csd-code="110122"/></EventIdentification><ActiveParticipant UserID="bob" UserIsRequestor="true"/></AuditMessage>`,
			[]event.Kind{event.KindATNA, event.KindAuth}, "atna"},
	} {
		t.Run(c.does, func(t *testing.T) {
			var s shelf
			l := opened(t, Config{}, &s)
			if err := l.sink.Take(t.Context(), []Record{record("syslog", c.line)}); err != nil {
				t.Fatal(err)
			}
			slices.Sort(s.kinds)
			slices.Sort(c.kinds)
			if !slices.Equal(s.kinds, c.kinds) {
				t.Errorf("got %v, want %v", s.kinds, c.kinds)
			}
			all := l.sink.sources.List()
			if len(all) != 1 || all[0].Counts.Lines != 1 || all[0].Counts.Understood != 1 || all[0].Counts.Formats[c.format] != 1 {
				t.Errorf("got %+v", all)
			}
		})
	}
}

func TestEventsOfABatchThatComesAgainAreToldOnce(t *testing.T) {
	var s shelf
	l := opened(t, Config{}, &s)
	line := record("lumberjack", `{"timestamp":"2026-05-01T10:00:00Z","event_type":"alert","src_ip":"10.0.0.1","alert":{"signature_id":1}}`)
	for range 2 {
		if err := l.sink.Take(t.Context(), []Record{line}); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.kinds) != 2 {
		t.Errorf("got %v, want a log and an alert", s.kinds)
	}
}
