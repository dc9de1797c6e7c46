package eve

import (
	"strings"
	"testing"

	"bulwark/event"
)

func TestAFileRepeatsARequestThatIsNotWritten(t *testing.T) {
	var w Writer
	w.Types = []string{"fileinfo"}
	if got := w.Append(nil, &event.Event{Header: event.Header{Flow: 1}, Payload: &event.HTTP{TxID: 1, Host: "ehr.example"}}); len(got) > 0 {
		t.Errorf("got a record of the request: %s", got)
	}
	got := string(w.Append(nil, &event.Event{Header: event.Header{Flow: 1}, Payload: &event.File{App: "http", TxID: 1}}))
	if !strings.Contains(got, `"hostname":"ehr.example"`) {
		t.Errorf("got %s, want the request in it", got)
	}
}

func TestWhatIsNeededOfATypeIsWanted(t *testing.T) {
	for _, c := range []struct {
		what, types string
		kind        event.Kind
		want        bool
	}{
		{"all without a choice", "", event.KindHL7, true},
		{"its own kind", "hl7", event.KindHL7, true},
		{"not another", "hl7", event.KindDICOM, false},
		{"requests for files", "fileinfo", event.KindHTTP, true},
		{"calls through pipes for SMB", "smb", event.KindDCERPC, true},
		{"flows for NetFlow", "netflow", event.KindFlow, true},
	} {
		r := Records{Types: strings.Fields(c.types)}
		if got := r.Wants(c.kind); got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
	for name, want := range map[string]bool{"flow": true, "netflow": true, "metadata": true, "htp": false, "": false} {
		if got := Known(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}
