package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// results are the names of what is measured.
var results = [...]string{"incidents_per_site_day", "attack_rank_worst", "attack_classes", "incident_delay_p95_s", "incident_purity"}

// totals are the figures of all sites.
type totals struct {
	sites, incidents  int
	days, busiest     float64 // busiest: incidents a day of the site that has most
	rank              int     // the worst; sites without an incident of the attack count as one behind the last
	classes, caught   int     // caught: they are in the attack's incident
	anywhere          int     // they are in any
	delays            []int64 // of the classes that were caught, seconds
	purity, leastPure float64
	longest           time.Duration
}

func total(all []outcome) totals {
	t := totals{sites: len(all), leastPure: 1}
	for n := range all {
		o := &all[n]
		t.incidents += len(o.incidents)
		t.days += o.site.days()
		t.busiest = max(t.busiest, float64(len(o.incidents))/o.site.days())
		rank := o.rank
		if rank == 0 {
			rank = len(o.incidents) + 1
		}
		t.rank = max(t.rank, rank)
		t.purity += o.purity / float64(len(all))
		t.leastPure = min(t.leastPure, o.purity)
		for _, c := range o.classes {
			t.classes++
			if c.anywhere {
				t.anywhere++
			}
			if c.caught != 0 {
				t.caught++
				t.delays = append(t.delays, c.caught-c.first)
			}
		}
		for _, in := range o.incidents {
			t.longest = max(t.longest, time.Duration(in.Last-in.First))
		}
	}
	slices.Sort(t.delays)
	return t
}

// delay is that of the class below which so large a share of those that were caught lie (nearest rank).
func (t *totals) delay(share float64) int64 {
	if len(t.delays) == 0 {
		return 0
	}
	return t.delays[max(0, int(math.Ceil(share*float64(len(t.delays))))-1)]
}

func (t totals) print(out io.Writer) {
	fmt.Fprintf(out, "%d sites, %.1f days: %d incidents, at most %.2f a day at one site; the longest took %v\n", t.sites, t.days, t.incidents, t.busiest, t.longest.Round(time.Minute))
	fmt.Fprintf(out, "classes of events of attacks: %d of %d in the attack's incident, %d in any\n", t.caught, t.classes, t.anywhere)
	fmt.Fprintf(out, "from the first alert of a class until it is in the attack's incident: half within %d s, at most %d s\n", t.delay(0.5), t.delay(1))
	fmt.Fprintf(out, "of what the attack's incident holds, so much is the attack's: %.0f %% on average, %.0f %% at the worst site\n", 100*t.purity, 100*t.leastPure)
	fmt.Fprintf(out, "RESULT %s %.2f incidents\n", results[0], float64(t.incidents)/t.days)
	fmt.Fprintf(out, "RESULT %s %d rank\n", results[1], t.rank)
	fmt.Fprintf(out, "RESULT %s %d/%d classes\n", results[2], t.caught, t.classes)
	fmt.Fprintf(out, "RESULT %s %d s\n", results[3], t.delay(0.95))
	fmt.Fprintf(out, "RESULT %s %.1f %%\n", results[4], 100*t.purity)
}

// print says what became of a site.
func (o *outcome) print(out io.Writer, list bool) {
	fmt.Fprintf(out, "%s: %d alerts in %.1f days, %d findings, %d incidents\n", o.site.name, len(o.site.alerts), o.site.days(), len(o.findings), len(o.incidents))
	began := o.site.alerts[0].at
	for n, in := range o.incidents {
		events, pure := o.contents(in)
		fmt.Fprintf(out, "  %d. risk %.1f, raised after %.2f h, took %v: %d findings of %d rules on %d hosts, %.0f %% of the attack: %s\n", n+1, in.Risk, float64(in.Opened/1e9-began)/3600,
			time.Duration(in.Last-in.First), len(in.Joins), len(in.Rules), len(in.Entities), 100*pure, strings.Join(slices.Sorted(maps.Keys(events)), " "))
		if !list {
			continue
		}
		for _, j := range in.Joins {
			fmt.Fprintf(out, "       %s %5.2f %5.2f %-7s %-6s %s @ %s\n", time.Unix(0, j.At).UTC().Format("02 15:04:05"), j.Score, j.Risk, j.Why, j.New, j.Rule, j.Entity)
		}
	}
	for _, c := range o.classes {
		if c.caught == 0 {
			fmt.Fprintf(out, "  missed: %s\n", c.name)
		}
	}
}
