package correlate

import (
	"encoding/json"
	"slices"
	"testing"
)

// What is kept of windows, or handed on, goes on as if nothing had been: every story is broken off behind each of its events.
func TestWindowsGoOn(t *testing.T) {
	const text = "title: many\nname: many\ncorrelation: {type: event_count, rules: [fail], group-by: [user], timespan: 10s, condition: {gte: 3}}\n---\n" +
		"title: spray\ncorrelation: {type: value_count, rules: [fail], group-by: [ip], timespan: 1m, condition: {gte: 3, field: user}}\n---\n" +
		"title: sum\ncorrelation: {type: value_sum, rules: [scan], group-by: [ip], timespan: 1m, condition: {gte: 10, field: n}}\n---\n" +
		"title: near\ncorrelation: {type: temporal, rules: [fail, scan], group-by: [ip], timespan: 10s}\n---\n" +
		"title: then\ncorrelation: {type: temporal_ordered, rules: [many, success], group-by: [user], timespan: 30s}\n"
	story := []string{"0 fail user=a,ip=1", "1 fail user=a,ip=1", "2 scan ip=1,n=4", "3 fail user=a,ip=1", "4 fail user=A,ip=1", "9 fail user=b,ip=1", "12 success user=a",
		"14 fail user=c+d,ip=1", "20 scan ip=1,n=7", "60 success user=a", "61 fail user=a,ip=2", "62 fail user=a,ip=2", "63 fail user=a,ip=2", "64 scan ip=2,n=11", "65 success user=a"}
	whole, all, errs := engine(t, text)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want := play(whole, all, story...)
	if len(want) < 9 {
		t.Fatalf("the story tells only %q", want)
	}
	for at := range story {
		for name, goOn := range map[string]func(from, to *Engine){
			"kept":    func(from, to *Engine) { to.Restore(written(t, from)) },
			"adopted": func(from, to *Engine) { to.Adopt(from) },
		} {
			first, all, _ := engine(t, text)
			second, _, _ := engine(t, text)
			got := play(first, all, story[:at]...)
			goOn(first, second)
			if got = append(got, play(second, all, story[at:]...)...); !slices.Equal(got, want) {
				t.Errorf("%s behind %d events: got %q, want %q", name, at, got, want)
			}
		}
	}
}

// written is what is kept of windows, written and read.
func written(t *testing.T, e *Engine) (all []Window) {
	t.Helper()
	kept, left := e.Keep(1000)
	text, err := json.Marshal(kept)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil || left > 0 {
		t.Fatal(err, left)
	}
	return all
}

func TestWindowsThatAreManyOrOver(t *testing.T) {
	const text = "title: many\ncorrelation: {type: event_count, rules: [fail], group-by: [user], timespan: 10s, condition: {gte: 3}}\n"
	e, all, _ := engine(t, text)
	play(e, all, "0 fail user=over", "20 fail user=a", "21 fail user=b", "22 fail user=c", "22 fail user=c")
	kept, left := e.Keep(5)
	if len(kept) != 1 || len(kept[0].Groups) != 2 || left != 2 || string(kept[0].Groups[0].Key) != "c\x00" {
		t.Errorf("kept %+v, left %d; want c and b alone, which are the newest", kept, left)
	}
	other, all, _ := engine(t, text[:len(text)-3]+"4}}\n")
	other.Restore(kept)
	if got := play(other, all, "23 fail user=c", "24 fail user=c"); got != nil {
		t.Errorf("one that is written otherwise went on: %q", got)
	}
}
