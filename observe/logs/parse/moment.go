package parse

import (
	"strconv"
	"strings"
	"time"
)

// layouts are the ways in which logs write times, by their first bytes.
var (
	layoutsYear = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999",
		"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05-0700", "2006-01-02 15:04:05Z07:00", "2006/01/02 15:04:05", "2006/01/02 15:04:05 -0700",
		"2006/01/02 15:04:05 MST", "2006-01-02 15:04:05 GMT-07:00", "2006-01-02T15:04:05 -0700", "20060102150405", "20060102T150405Z", "2006.01.02 15:04:05", "2006-01-02 15:04",
		"2006-01-02", "02/01/2006 15:04:05", "02-01-2006 15:04:05", "02.01.2006 15:04:05", "2006-01-02 3:04:05 PM", "2006-01-02T15:04Z07:00", "2006/01/02:15:04:05",
		"2006 Jan _2 15:04:05 MST", "2006 Jan _2 15:04:05"}
	layoutsSlash = []string{"1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "1/2/2006 15:04:05", "02/Jan/2006:15:04:05 -0700", "02/Jan/2006:15:04:05", "2/1/2006 15:04:05",
		"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05", "02-Jan-2006 15:04:05", "2Jan2006 15:04:05", "02/Jan/2006 15:04:05", "2 Jan 2006 15:04:05 MST", "060102 15:04:05",
		"1/2/06 15:04:05", "1/2/06 15:04", "01/02/2006:15:04:05", "02/01/2006:15:04:05"}
	layoutsWord = []string{"Jan _2 15:04:05", "Jan _2 2006 15:04:05", "Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006", "Jan _2 15:04:05 2006",
		"Jan _2 2006 15:04:05 MST", "Jan _2 2006 15:04:05 -0700", "Jan _2 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST",
		"Jan _2, 2006 15:04:05", "January 2, 2006 3:04:05 PM MST", "January 2, 2006, 3:04 PM MST", "Jan 2, 2006 3:04:05 PM", "Mon Jan _2 2006 15:04:05 MST-0700",
		"Mon Jan _2 15:04:05 -0700 2006", "Mon Jan _2 2006 15:04:05", "Jan _2 2006 15:04:05 GMT-07:00", "Jan _2 15:04:05 MST 2006"}
)

// moment reads a time as logs write it. One without zone is in the zone of the source; one without year is of the year in which it is
// nearest before its receipt. The zero time where it is none.
func (r *Reader) moment(s string) time.Time {
	s = strings.Trim(s, ` "[]*.:`)
	if len(s) < 6 || len(s) > 64 {
		return time.Time{}
	}
	if t, ok := epoch(s); ok {
		return t
	}
	s = strings.Replace(s, ",", ".", comma(s))
	layouts, recent := layoutsWord, &r.layouts[0]
	if '0' <= s[0] && s[0] <= '9' {
		layouts, recent = layoutsYear, &r.layouts[1]
		if len(s) < 5 || s[2] == '/' || s[1] == '/' || s[2] == ' ' || s[1] == ' ' || s[2] == '-' || len(s) > 5 && s[2] > '9' || s[1] > '9' {
			layouts, recent = layoutsSlash, &r.layouts[2]
		}
	}
	if *recent != "" {
		if t, ok := r.as(*recent, s); ok {
			return t
		}
	}
	for _, l := range layouts {
		if t, ok := r.as(l, s); ok {
			*recent = l
			return t
		}
	}
	return time.Time{}
}

// as reads a time of one layout.
func (r *Reader) as(layout, s string) (time.Time, bool) {
	t, err := time.ParseInLocation(layout, s, r.zone)
	if err != nil {
		return time.Time{}, false
	}
	if name, offset := t.Zone(); offset == 0 && zones[name] != 0 {
		t = t.Add(-zones[name]) // Go knows the names of one zone at a time
	}
	if t.Year() <= 0 { // before it, where a zone was taken off
		t = yearOf(t, r.received)
	}
	return t.UTC(), true
}

// zones are the names by which machines write how far they are from UTC. Names with several meanings have that of the place where
// most machines write them: CST and EST are of North America.
var zones = map[string]time.Duration{"CET": time.Hour, "CEST": 2 * time.Hour, "MET": time.Hour, "MEST": 2 * time.Hour, "BST": time.Hour,
	"WEST": time.Hour, "EET": 2 * time.Hour, "EEST": 3 * time.Hour, "MSK": 3 * time.Hour, "AST": -4 * time.Hour, "EST": -5 * time.Hour,
	"EDT": -4 * time.Hour, "CST": -6 * time.Hour, "CDT": -5 * time.Hour, "MST": -7 * time.Hour, "MDT": -6 * time.Hour, "PST": -8 * time.Hour,
	"PDT": -7 * time.Hour, "JST": 9 * time.Hour, "AEST": 10 * time.Hour, "AEDT": 11 * time.Hour, "SGT": 8 * time.Hour, "HKT": 8 * time.Hour}

// comma is how many commas of s begin a fraction of a second: 2023-01-02 10:11:12,345.
func comma(s string) int {
	if i := strings.IndexByte(s, ','); i > 7 && s[i-3] == ':' {
		return 1
	}
	return 0
}

// yearOf puts a time without year into the last year in which it is not yet to come: at most two days ahead of its receipt, so that a clock
// that is a little fast has its new year already.
func yearOf(t, received time.Time) time.Time {
	for year := received.Year() + 1; ; year-- {
		if at := t.AddDate(year, 0, 0); year < received.Year() || !at.After(received.AddDate(0, 0, 2)) {
			return at
		}
	}
}

// epoch reads seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by how many digits they have.
func epoch(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) < 9 || len(whole) > 19 || len(whole) == 14 && whole[:2] == "20" {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}, false
	}
	switch {
	case len(whole) <= 11:
		var nanos int64
		if f, err := strconv.ParseFloat("0."+fraction, 64); err == nil && fraction != "" {
			nanos = int64(f * 1e9)
		}
		return time.Unix(n, nanos).UTC(), true
	case len(whole) <= 14:
		return time.UnixMilli(n).UTC(), true
	case len(whole) <= 17:
		return time.UnixMicro(n).UTC(), true
	}
	return time.Unix(0, n).UTC(), true
}

// rfc3339 is a time in the form that fields of ECS have.
func (r *Reader) rfc3339(v string) (string, bool) {
	t := r.moment(v)
	if t.IsZero() {
		return "", false
	}
	return view(t.AppendFormat(r.space.Grow(nil, 40), "2006-01-02T15:04:05.999999999Z07:00")), true
}
