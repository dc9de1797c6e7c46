package store

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"

	"bulwark/event"
)

// FuzzParse types anything: what Parse lets through must be one filter of the library, without pipes, and bounded by
// nothing but the range of time that is put around it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "kind:dns -domain:hosp.example", `url:"a|b" or (src:10.0.0.0/8 !port:1..1023)`, "bytes:>10KB",
		"user:(martin or dupont)", `x:~"a(b"`, "a.b:*c*d*", "2001:db8::1", "00:11:22:33:44:55", "http://x/y", "not not -a", `"`, "_time:5m",
		"answer:x\x00\xff", `file.name:"\xff\u2028` + "`'\"", "options(ignore_global_time_filter=true) *", "in(*|fields x)", "# x\n|y",
		"_stream:{a=b}", "src:1.2.*", "domain:*", `domain:""`, "ip:::1/64", "kind:=dns or kind:d*", "duration:>1.5h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if err != nil {
			var at *SyntaxError
			if !errors.As(err, &at) || !errors.Is(err, ErrQuery) || at.At < 0 || at.At > len(text) {
				t.Errorf("got %v for %q", err, text)
			}
			return
		}
		if _, err := logstorage.ParseFilter(got); err != nil {
			t.Fatalf("%q became %s, which the library does not take: %v", text, got, err)
		}
		q, err := logstorage.ParseQueryAtTimestamp(got+" | limit 1", 1)
		if err != nil {
			t.Fatalf("%q became %s, which takes no pipe: %v", text, got, err)
		}
		if from, to := q.GetFilterTimeRange(); from != math.MinInt64 || to != math.MaxInt64 {
			t.Fatalf("%q became %s, which has a range of time of its own", text, got)
		}
		q.AddTimeFilter(10, 20)
		if from, to := q.GetFilterTimeRange(); from != 10 || to != 20 {
			t.Fatalf("%q became %s, which escapes its range of time: %d to %d", text, got, from, to)
		}
	})
}

func TestKindsOfAQuery(t *testing.T) {
	for _, c := range []struct {
		what, text string
		want       []event.Kind // nil: all
	}{
		{"everything may be of any kind", "", nil},
		{"a term says nothing of kinds", "src:10.0.0.1", nil},
		{"one kind", "kind:flow bytes:>1", []event.Kind{event.KindFlow}},
		{"one of two", "kind:flow or kind:DNS", []event.Kind{event.KindFlow, event.KindDNS}},
		{"one of two, shorter", "kind:(flow dns)", []event.Kind{event.KindFlow, event.KindDNS}},
		{"or with another term", "kind:flow or src:10.0.0.1", nil},
		{"a kind with a high code", "kind:containment", []event.Kind{event.KindContainment}},
		{"both at once is none", "kind:flow kind:dns", []event.Kind{}},
		{"negation leaves all", "-kind:flow", nil},
		{"negation in parentheses", "not (kind:flow or kind:dns)", nil},
		{"an unknown kind may be a newer one's", "kind:telepathy", nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			f, err := parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			want := allKinds()
			if c.want != nil {
				want = kindSet{}
				for _, k := range c.want {
					want = want.or(oneKind(k))
				}
			}
			if f.kinds != want {
				t.Errorf("got %b, want %b", f.kinds, want)
			}
		})
	}
}

func TestLongQueriesAreRefused(t *testing.T) {
	for _, text := range []string{strings.Repeat("(", 100) + "a", strings.Repeat("a ", 2000), strings.Repeat("x", 20_000)} {
		if _, err := Parse(text); !errors.Is(err, ErrQuery) {
			t.Errorf("got %v for %.20s...", err, text)
		}
	}
}
