package lumberjack

import (
	"context"
	"fmt"
	"testing"
	"time"

	client "github.com/elastic/go-lumber/client/v2"

	"bulwark/observe/logs/internal/intake/intaketest"
)

// TestTheClientOfBeats sends as Beats do, with the library that they use.
func TestTheClientOfBeats(t *testing.T) {
	for level := range 4 {
		t.Run(fmt.Sprintf("packed at level %d", level), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			sink := &intaketest.Sink{}
			i, err := New(Options{Listen: "127.0.0.1:0", Patients: patients})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- i.Run(ctx, sink) }()
			c, err := client.SyncDial(i.Addr().String(), client.CompressionLevel(level), client.Timeout(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			var all []any
			for n := range 1500 {
				all = append(all, map[string]any{"@timestamp": "2026-05-01T10:00:00Z", "winlog": map[string]any{"event_id": n, "channel": "Security"}})
			}
			for range 2 {
				if n, err := c.Send(all); n != len(all) || err != nil {
					t.Errorf("got %d acknowledged, %v; want %d", n, err, len(all))
				}
			}
			_ = c.Close()
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if got := sink.Records(); len(got) != 3000 || got[1501].Log.Code != "1" || got[0].Intake != "lumberjack" {
				t.Errorf("got %d records", len(got))
			}
		})
	}
}
