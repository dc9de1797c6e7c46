package bulk

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"bulwark/observe/logs/internal/audit"
	"bulwark/observe/logs/internal/document"
	"bulwark/observe/logs/internal/intake"
	"bulwark/observe/logs/internal/intake/intaketest"
	"bulwark/platform/pseudonym"
)

func request(body []byte, to intake.Sink) Request {
	return Request{Body: bytes.NewReader(body), To: to, Tally: &intake.Tally{}, Reader: document.New(audit.New(pseudonym.New([32]byte{1})))}
}

func TestARequestThatIsTooLargeIsToBeSplit(t *testing.T) {
	body := strings.Repeat("{\"index\":{}}\n{}\n", maxItems+1)
	if _, err := Take(t.Context(), request([]byte(body), &intaketest.Sink{})); !errors.Is(err, ErrLarge) {
		t.Errorf("got %v, want %v", err, ErrLarge)
	}
}

func FuzzTake(f *testing.F) {
	f.Add([]byte("{\"index\":{\"_index\":\"a\"}}\n{\"a\":1}\n"))
	f.Add([]byte("{\"delete\":{}}\n{\"update\":{}}\n{}\nx\ny\n\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		sink := &intaketest.Sink{}
		a, err := Take(t.Context(), request(p, sink))
		if err != nil {
			return
		}
		if !json.Valid(a.JSON()) {
			t.Errorf("got %s", a.JSON())
		}
		if a.Taken() > len(sink.Records()) {
			t.Errorf("%d are said to be taken, %d are there", a.Taken(), len(sink.Records()))
		}
	})
}
