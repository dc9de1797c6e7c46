package correlate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/detect/logrule/internal/sigma"
)

// rules are the names of the rules in these tests; their number is their place.
var rules = []string{"fail", "success", "scan"}

func engine(t *testing.T, text string) (*Engine, []*sigma.Correlation, []error) {
	t.Helper()
	docs, err := sigma.Read([]byte(text), "c.yml", sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all []*sigma.Correlation
	for _, d := range docs {
		all = append(all, d.Correlation)
	}
	e, errs := New(all, func(name string) (r, c []int) {
		if k := slices.Index(rules, name); k >= 0 {
			r = []int{k}
		}
		for k := range all {
			if all[k].Name == name {
				c = append(c, k)
			}
		}
		return r, c
	})
	return e, all, errs
}

// play feeds a story: each word is "second rule field=value,...". It returns "second title value" for each hit.
func play(e *Engine, all []*sigma.Correlation, story ...string) (out []string) {
	start := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	for _, line := range story {
		var second int
		var rule, rest string
		_, _ = fmt.Sscanf(line, "%d %s %s", &second, &rule, &rest) // the last may be missing
		fields := map[string]string{}
		for _, f := range strings.Split(rest, ",") {
			name, v, _ := strings.Cut(f, "=")
			fields[name] = v
		}
		for _, h := range e.Feed(Match{slices.Index(rules, rule), start.Add(time.Duration(second) * time.Second), func(f string) []string { return strings.Split(fields[f], "+") }}) {
			out = append(out, fmt.Sprintf("%d %s %g", second, all[h.Correlation].Title, h.Value))
		}
	}
	return out
}

func TestCorrelations(t *testing.T) {
	const count = "title: many\nname: many\ncorrelation: {type: event_count, rules: [fail], group-by: [user], timespan: 10s, condition: {gte: 3}}\n"
	tests := []struct {
		name, text string
		story      []string
		want       []string
	}{
		{"so many within the span", count, []string{"0 fail user=a", "5 fail user=a", "10 fail user=a"}, []string{"10 many 3"}},
		{"as many, in a longer time", count, []string{"0 fail user=a", "5 fail user=a", "11 fail user=a"}, nil},
		{"as many, of different users", count, []string{"0 fail user=a", "1 fail user=b", "2 fail user=a"}, nil},
		{"case does not tell users apart", count, []string{"0 fail user=a", "1 fail user=A", "2 fail user=a"}, []string{"2 many 3"}},
		{"more of it is told once", count, []string{"0 fail user=a", "1 fail user=a", "2 fail user=a", "3 fail user=a"}, []string{"2 many 3"}},
		{"and again after it was over", count, []string{"0 fail user=a", "1 fail user=a", "2 fail user=a", "60 fail user=a", "61 fail user=a", "62 fail user=a"},
			[]string{"2 many 3", "62 many 3"}},
		{"different values", "title: spray\ncorrelation: {type: value_count, rules: [fail], group-by: [ip], timespan: 1m, condition: {gte: 3, field: user}}\n",
			[]string{"0 fail ip=1,user=a", "1 fail ip=1,user=b", "2 fail ip=1,user=b", "3 fail ip=1,user=c"}, []string{"3 spray 3"}},
		{"values that are forgotten do not count", "title: spray\ncorrelation: {type: value_count, rules: [fail], group-by: [ip], timespan: 5s, condition: {gte: 3, field: user}}\n",
			[]string{"0 fail ip=1,user=a", "3 fail ip=1,user=b", "6 fail ip=1,user=c"}, nil},
		{"a range", "title: some\ncorrelation: {type: event_count, rules: [fail], group-by: [user], timespan: 1m, condition: {gt: 1, lte: 2}}\n",
			[]string{"0 fail user=a", "1 fail user=a", "2 fail user=a"}, []string{"1 some 2"}},
		{"both, in whatever order", "title: near\ncorrelation: {type: temporal, rules: [fail, success], group-by: [user], timespan: 10s}\n",
			[]string{"0 success user=a", "5 fail user=a"}, []string{"5 near 2"}},
		{"both, too far apart", "title: near\ncorrelation: {type: temporal, rules: [fail, success], group-by: [user], timespan: 10s}\n",
			[]string{"0 success user=a", "11 fail user=a"}, nil},
		{"one after the other", "title: order\ncorrelation: {type: temporal_ordered, rules: [fail, success], group-by: [user], timespan: 10s}\n",
			[]string{"0 fail user=a", "5 success user=a"}, []string{"5 order 2"}},
		{"not the other way round", "title: order\ncorrelation: {type: temporal_ordered, rules: [fail, success], group-by: [user], timespan: 10s}\n",
			[]string{"0 success user=a", "5 fail user=a"}, nil},
		{"three in order, of which the first came twice", "title: order\ncorrelation: {type: temporal_ordered, rules: [scan, fail, success], group-by: [user], timespan: 10s}\n",
			[]string{"0 scan user=a", "1 fail user=a", "8 scan user=a", "9 fail user=a", "15 success user=a"}, []string{"15 order 3"}},
		{"an event that does not say whose it is is nobody's", count, []string{"0 fail x=a", "1 fail x=a", "2 fail x=a"}, nil},
		{"each of several values counts", "title: many\ncorrelation: {type: value_count, rules: [fail], group-by: [user], timespan: 5s, condition: {gte: 4, field: ip}}\n",
			[]string{"0 fail user=a,ip=1+2", "1 fail user=a,ip=2+3", "4 fail user=a,ip=2+4", "9 fail user=a,ip=7", "10 fail user=a,ip=8"}, []string{"4 many 4"}},
		{"a sum", "title: volume\ncorrelation: {type: value_sum, rules: [fail], group-by: [user], timespan: 1m, condition: {gte: 100, field: bytes}}\n",
			[]string{"0 fail user=a,bytes=60", "1 fail user=a,bytes=0x28"}, []string{"1 volume 100"}},
		{"a median", "title: middle\ncorrelation: {type: value_median, rules: [fail], group-by: [user], timespan: 1m, condition: {gte: 50, field: bytes}}\n",
			[]string{"0 fail user=a,bytes=1", "1 fail user=a,bytes=50", "2 fail user=a,bytes=90"}, []string{"1 middle 50"}},
		{"another name of the field in each rule", "title: alias\ncorrelation:\n  type: temporal\n  rules: [fail, success]\n  group-by: [who]\n  timespan: 10s\n  aliases: {who: {fail: user, success: account}}\n",
			[]string{"0 fail user=a", "1 success account=a"}, []string{"1 alias 2"}},
		{"a chain: many failures, then a success", count + "---\ntitle: broken in\ncorrelation: {type: temporal_ordered, rules: [many, success], group-by: [user], timespan: 1m}\n",
			[]string{"0 fail user=a", "1 fail user=a", "2 fail user=a", "30 success user=a"}, []string{"2 many 3", "30 broken in 2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, all, errs := engine(t, tt.text)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if got := play(e, all, tt.story...); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCorrelationsThatReferToNothingAreLeftOut(t *testing.T) {
	const loop = "title: a\nname: a\ncorrelation: {type: event_count, rules: [b], timespan: 1m, condition: {gte: 1}}\n---\ntitle: b\nname: b\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 1}}\n"
	for text, want := range map[string]string{
		loop: "it refers to itself, or through too many others",
		"title: a\ncorrelation: {type: event_count, rules: [nobody], timespan: 1m, condition: {gte: 1}}\n": `there is no rule "nobody"`,
	} {
		if _, _, errs := engine(t, text); len(errs) == 0 || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("got %v, want %q", errs, want)
		}
	}
}

func TestAFloodIsBounded(t *testing.T) {
	e, all, _ := engine(t, "title: many\ncorrelation: {type: event_count, rules: [fail], group-by: [user], timespan: 1h, condition: {gte: 1000000}}\n")
	for k := range MostGroups + MostEvents {
		play(e, all, fmt.Sprintf("0 fail user=%d", k))
	}
	for range MostEvents + 10 {
		play(e, all, "1 fail user=x")
	}
	c := e.all[0]
	if n := len(c.groups) + len(c.before); n > MostGroups || e.Dropped < 10 {
		t.Errorf("%d groups are kept and %d dropped, want at most %d", n, e.Dropped, MostGroups)
	}
}
