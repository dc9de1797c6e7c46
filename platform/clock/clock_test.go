package clock

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestStep(t *testing.T) {
	now := time.Now()
	tests := []struct {
		name          string
		before, after time.Time
		want          time.Duration
	}{
		{"time that passes evenly is no step", now, now.Add(time.Hour), 0},
		{"times without a monotonic reading say nothing", now.Round(0), now.Add(time.Hour), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Step(tt.before, tt.after); got != tt.want {
				t.Errorf("Step = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWatchReturnsWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		steps := 0
		if err := Watch(ctx, time.Second, time.Second, func(time.Duration) { steps++ }); err != nil {
			t.Fatalf("Watch = %v, want nil", err)
		}
		if steps != 0 {
			t.Errorf("steps on an even clock = %d, want 0", steps)
		}
	})
}

func TestManualMovesOnlyWhenTold(t *testing.T) {
	start := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	m := NewManual(start)
	m.Add(90 * time.Second)
	if got, want := m.Now(), start.Add(90*time.Second); !got.Equal(want) {
		t.Errorf("Now = %v, want %v", got, want)
	}
}
