package lab

import (
	"testing"
	"time"
)

func TestTimeline(t *testing.T) {
	base := time.Unix(1_800_000_000, 0).Truncate(time.Minute)
	at := func(ms int) time.Time { return base.Add(time.Duration(ms) * time.Millisecond) }
	var line timeline
	line.add(at(100), at(200), 0)
	line.add(at(300), at(400), time.Minute)
	line.add(at(401), at(500), time.Minute) // planned before the act before it has ended
	tests := []struct {
		says string
		when time.Time
		want time.Duration // from the story's begin
	}{
		{"before the first act time passes as it did", at(90), -10 * time.Millisecond},
		{"within an act time passes as it did", at(150), 50 * time.Millisecond},
		{"a pause is stretched", at(250), (100*time.Millisecond + time.Minute) / 2},
		{"an act begins when the story says", at(300), time.Minute},
		{"an act that comes too early follows the one before", at(401), time.Minute + 101*time.Millisecond},
		{"after the last act time passes as it did", at(600), time.Minute + 300*time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			if got := time.Unix(0, line.at(tt.when.UnixNano())).Sub(base); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	last := int64(0)
	for ms := range 700 {
		now := line.at(at(ms).UnixNano())
		if now < last {
			t.Fatalf("time goes back at %d ms", ms)
		}
		last = now
	}
}

func TestTheStoryHoldsEveryScenario(t *testing.T) {
	told := map[string]bool{}
	last := time.Duration(0)
	for _, a := range story() {
		if a.at < last || a.at >= storyEnd {
			t.Errorf("%s begins at %v, want it after %v and before %v", a.Name, a.at, last, storyEnd)
		}
		told[a.Name], last = true, a.at
	}
	for _, s := range Scenarios() {
		if !told[s.Name] {
			t.Errorf("%q is not in the story", s.Name)
		}
	}
}
