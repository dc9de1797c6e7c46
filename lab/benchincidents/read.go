package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// alert is a line of the data set.
type alert struct {
	at         int64 // unix seconds
	name, host string
	phase      string // by time, with what else happened then; empty: none
	event      string // exact; empty: none
}

// site is one enterprise of the data set.
type site struct {
	name   string
	alerts []alert
}

// days is how long the site was watched.
func (s *site) days() float64 {
	return float64(s.alerts[len(s.alerts)-1].at-s.alerts[0].at) / 86400
}

// readSites reads all sites of a folder, each in order of time.
func readSites(dir string) ([]site, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*_alerts.csv.zst"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s holds no *_alerts.csv.zst", dir)
	}
	var all []site
	for _, name := range names {
		alerts, err := readAlerts(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, site{strings.TrimSuffix(filepath.Base(name), "_alerts.csv.zst"), alerts})
	}
	return all, nil
}

func readAlerts(name string) ([]alert, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	lines, err := csv.NewReader(z).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) < 2 || strings.Join(lines[0], ",") != "time,name,ip,host,short,time_label,event_label" {
		return nil, fmt.Errorf("the first line does not name the columns that are expected")
	}
	all := make([]alert, 0, len(lines)-1)
	for n, l := range lines[1:] {
		at, err := strconv.ParseInt(l[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+2, err)
		}
		all = append(all, alert{at: at, name: l[1], host: l[3], phase: label(l[5], "false_positive"), event: label(l[6], "-")})
	}
	slices.SortStableFunc(all, func(a, b alert) int { return cmp.Compare(a.at, b.at) })
	return all, nil
}

func label(s, none string) string {
	if s == none {
		return ""
	}
	return s
}
