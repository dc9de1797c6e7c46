package main

import (
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"bulwark/decide/incident/story"
)

// weight is one that is changed by itself.
type weight struct {
	name string
	by   func(*story.Settings, float64)
}

// weights are all that decide.
func weights() []weight {
	number := func(name string, of func(*story.Settings) *float64) weight {
		return weight{name, func(s *story.Settings, by float64) { *of(s) *= by }}
	}
	span := func(name string, of func(*story.Settings) *time.Duration) weight {
		return weight{name, func(s *story.Settings, by float64) { d := of(s); *d = time.Duration(float64(*d) * by) }}
	}
	return []weight{
		span("gap", func(s *story.Settings) *time.Duration { return &s.Gap }),
		span("learning", func(s *story.Settings) *time.Duration { return &s.Learning }),
		number("learning from", func(s *story.Settings) *float64 { return &s.LearningFrom }),
		number("new to site", func(s *story.Settings) *float64 { return &s.NewToSite }),
		number("new to entity", func(s *story.Settings) *float64 { return &s.NewToEntity }),
		number("known", func(s *story.Settings) *float64 { return &s.Known }),
		number("spread", func(s *story.Settings) *float64 { return &s.Spread }),
		number("severity, low", func(s *story.Settings) *float64 { return &s.Severity[1] }),
		number("severity, medium", func(s *story.Settings) *float64 { return &s.Severity[2] }),
		number("bare, medium", func(s *story.Settings) *float64 { return &s.Bare[2] }),
		number("volume", func(s *story.Settings) *float64 { return &s.Volume }),
		span("half-life", func(s *story.Settings) *time.Duration { return &s.HalfLife }),
		span("moment", func(s *story.Settings) *time.Duration { return &s.Moment }),
		number("echo", func(s *story.Settings) *float64 { return &s.Echo }),
		number("fade", func(s *story.Settings) *float64 { return &s.Fade }),
		number("open", func(s *story.Settings) *float64 { return &s.Open }),
		number("lean", func(s *story.Settings) *float64 { return &s.Lean }),
		number("join", func(s *story.Settings) *float64 { return &s.Join }),
		span("near", func(s *story.Settings) *time.Duration { return &s.Near }),
		span("idle", func(s *story.Settings) *time.Duration { return &s.Idle }),
		span("span", func(s *story.Settings) *time.Duration { return &s.Span }),
		number("chance", func(s *story.Settings) *float64 { return &s.Chance }),
		number("grave", func(s *story.Settings) *float64 { return &s.Grave }),
	}
}

// changed are the defaults with one weight a third smaller or half as large again.
func changed(w weight, by float64) story.Settings {
	s := story.Defaults()
	w.by(&s, by)
	s.Fade, s.Echo = min(1, s.Fade), min(1, s.Echo)
	return s
}

// The changes that are tried.
const (
	smaller = 2.0 / 3
	larger  = 1.5
	quarter = 0.25
)

// unmet are the aims that figures do not reach.
func unmet(t totals) (all []string) {
	for _, a := range [...]struct {
		missed bool
		text   string
	}{
		{float64(t.incidents)/t.days > 1, fmt.Sprintf("%.2f incidents a site and day", float64(t.incidents)/t.days)},
		{t.rank != 1, fmt.Sprintf("the attack at rank %d", t.rank)},
		{100*t.caught < 85*t.classes, fmt.Sprintf("%d/%d classes", t.caught, t.classes)},
		{t.delay(0.95) > 60, fmt.Sprintf("p95 of the delay %d s", t.delay(0.95))},
		{t.purity < 0.8, fmt.Sprintf("purity %.0f %%", 100*t.purity)},
	} {
		if a.missed {
			all = append(all, a.text)
		}
	}
	return all
}

// stands says which weights, each a quarter smaller or larger by itself, leave the aims, and what findings that come late do.
func stands(out io.Writer, sites []site) {
	tried, left := 0, 0
	for _, w := range weights() {
		for _, by := range [...]float64{1 - quarter, 1 + quarter} {
			tried++
			if missed := unmet(total(measure(sites, changed(w, by)))); len(missed) > 0 {
				left++
				fmt.Fprintf(out, "%s x %.2f leaves the aims: %s\n", w.name, by, strings.Join(missed, ", "))
			}
		}
	}
	fmt.Fprintf(out, "each weight a quarter smaller and larger by itself: %d of %d changes leave the aims\n", left, tried)
	for _, by := range [...]time.Duration{time.Minute, 3 * time.Minute, 5 * time.Minute} {
		t := total(measure(late(sites, by), story.Defaults()))
		fmt.Fprintf(out, "each alert up to %v late: %d incidents, rank %d, %d/%d classes, purity %.1f %%; aims left: %q\n", by, t.incidents, t.rank, t.caught, t.classes, 100*t.purity, unmet(t))
	}
}

// late are sites of which each alert comes by chance up to so late, in the order in which they come.
func late(sites []site, by time.Duration) (all []site) {
	for _, s := range sites {
		chance := rand.New(rand.NewPCG(1, 2))
		type come struct {
			alert
			at int64
		}
		var order []come
		for _, a := range s.alerts {
			order = append(order, come{a, a.at + chance.Int64N(int64(by/time.Second)+1)})
		}
		slices.SortStableFunc(order, func(a, b come) int { return cmp.Compare(a.at, b.at) })
		s.alerts = nil
		for _, c := range order {
			s.alerts = append(s.alerts, c.alert)
		}
		all = append(all, s)
	}
	return all
}

// sweep changes each weight by itself.
func sweep(out io.Writer, sites []site) {
	row := func(name string, s story.Settings) {
		t := total(measure(sites, s))
		fmt.Fprintf(out, "| %s | %.2f | %d | %d/%d | %d | %.0f | %.0f | %.1f |\n", name, float64(t.incidents)/t.days, t.rank, t.caught, t.classes, t.delay(0.95), 100*t.purity, 100*t.leastPure, t.longest.Hours())
	}
	fmt.Fprintln(out, "| weight | incidents a site and day | worst rank | classes | delay p95, s | purity, % | at the worst site | longest, h |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|")
	row("as it is", story.Defaults())
	for _, w := range weights() {
		row(w.name+" x 2/3", changed(w, smaller))
		row(w.name+" x 3/2", changed(w, larger))
	}
}

// leaveOneOut chooses the best of all such changes on all sites but one, and tries it on that one.
func leaveOneOut(out io.Writer, sites []site) {
	type choice struct {
		name string
		all  []outcome
	}
	choices := []choice{{"as it is", measure(sites, story.Defaults())}}
	for _, w := range weights() {
		choices = append(choices, choice{w.name + " x 2/3", measure(sites, changed(w, smaller))}, choice{w.name + " x 3/2", measure(sites, changed(w, larger))})
	}
	for n := range sites {
		best, most := 0, 0.0
		for k, c := range choices {
			var rest []outcome
			rest = append(append(rest, c.all[:n]...), c.all[n+1:]...)
			if m := merit(total(rest)); k == 0 || m > most {
				best, most = k, m
			}
		}
		t := total(choices[best].all[n : n+1])
		fmt.Fprintf(out, "without %s one would choose: %s. There it makes %.2f incidents a day, rank %d, %d/%d classes, purity %.0f %%\n",
			sites[n].name, choices[best].name, float64(t.incidents)/t.days, t.rank, t.caught, t.classes, 100*t.purity)
	}
}

// merit is how good figures are: the attack first, then its classes, purity and few incidents.
func merit(t totals) float64 {
	return -10*float64(t.rank-1) + 2*float64(t.caught)/float64(t.classes) + t.purity - 0.5*float64(t.incidents)/t.days
}
