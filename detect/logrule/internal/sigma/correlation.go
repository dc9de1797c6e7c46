package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Counts says what a correlation counts.
type Counts string

// The types of correlations (Sigma correlation rules specification v2.1).
const (
	EventCount      Counts = "event_count"
	ValueCount      Counts = "value_count"
	Temporal        Counts = "temporal"
	TemporalOrdered Counts = "temporal_ordered"
	ValueSum        Counts = "value_sum"
	ValueAvg        Counts = "value_avg"
	ValuePercentile Counts = "value_percentile"
	ValueMedian     Counts = "value_median"
)

var counts = []string{string(EventCount), string(ValueCount), string(Temporal), string(TemporalOrdered), string(ValueSum), string(ValueAvg),
	string(ValuePercentile), string(ValueMedian)}

// Bound is a comparison that what is counted must hold: gt, gte, lt, lte, eq or neq.
type Bound struct {
	Op     string
	Number float64
}

// Holds reports whether x is within the bound.
func (b Bound) Holds(x float64) bool {
	switch b.Op {
	case "gt":
		return x > b.Number
	case "gte":
		return x >= b.Number
	case "lt":
		return x < b.Number
	case "lte":
		return x <= b.Number
	case "eq":
		return x == b.Number
	}
	return x != b.Number
}

// Correlation matches several events that rules match, within a span of time.
type Correlation struct {
	Head
	Type       Counts
	Rules      []string // ids or names, of rules or of other correlations
	GroupBy    []string // fields, or aliases
	Span       time.Duration
	Bounds     []Bound                      // all of them hold
	Field      string                       // of which values are counted or summed
	Percentile float64                      // 0-100
	Aliases    map[string]map[string]string // alias -> rule -> field
	Generate   bool                         // the rules tell their own matches, too
}

func (r *reader) correlation(h Head, keys map[string]pair) (*Correlation, error) {
	out := &Correlation{Head: h, Aliases: map[string]map[string]string{}, Percentile: 50}
	all, err := r.pairs(keys["correlation"].value, "correlation")
	if err != nil {
		return nil, err
	}
	if g := keys["generate"].value; g != nil {
		out.Generate = g.Value == "true"
	}
	for _, p := range all {
		path := "correlation." + p.name
		switch p.name {
		case "type":
			if !slices.Contains(counts, p.value.Value) {
				return nil, r.wrong(p.value, path, "%q is none of %s", p.value.Value, strings.Join(counts, ", "))
			}
			out.Type = Counts(p.value.Value)
		case "rules":
			out.Rules, err = r.texts(p.value, path)
		case "group-by":
			out.GroupBy, err = r.texts(p.value, path)
		case "timespan", "timeframe":
			out.Span, err = r.span(p.value, path)
		case "generate":
			out.Generate = p.value.Value == "true"
		case "condition":
			err = r.bounds(out, p.value, path)
		case "aliases":
			err = r.aliases(out, p.value, path)
		default:
			err = r.wrong(p.key, path, "there is no such key")
		}
		if err != nil {
			return nil, err
		}
	}
	return out, r.whole(out, keys["correlation"].key)
}

// whole refuses a correlation in which something is missing.
func (r *reader) whole(c *Correlation, at *yaml.Node) error {
	ordered := c.Type == Temporal || c.Type == TemporalOrdered
	switch {
	case c.Type == "":
		return r.wrong(at, "correlation.type", "it is missing")
	case len(c.Rules) == 0:
		return r.wrong(at, "correlation.rules", "it is missing")
	case c.Span <= 0:
		return r.wrong(at, "correlation.timespan", "it is missing")
	case !ordered && len(c.Bounds) == 0:
		return r.wrong(at, "correlation.condition", "it is missing")
	case !ordered && c.Type != EventCount && c.Field == "":
		return r.wrong(at, "correlation.condition.field", "it is missing")
	case c.Percentile < 0 || c.Percentile > 100:
		return r.wrong(at, "correlation.condition.percentile", "it is not between 0 and 100")
	case ordered && len(c.Rules) < 2:
		return r.wrong(at, "correlation.rules", "of one rule nothing can be near")
	}
	return nil
}

var units = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
	'M': 30 * 24 * time.Hour, 'y': 365 * 24 * time.Hour}

const maxSpan = 366 * 24 * time.Hour

func (r *reader) span(n *yaml.Node, path string) (time.Duration, error) {
	s := n.Value
	if s == "" {
		return 0, r.wrong(n, path, "it is empty")
	}
	count, err := strconv.ParseUint(s[:len(s)-1], 10, 31)
	unit := units[s[len(s)-1]]
	if err != nil || unit == 0 || count == 0 || time.Duration(count) > maxSpan/unit {
		return 0, r.wrong(n, path, "%q is no span such as 30s, 5m, 1h or 7d", s)
	}
	return time.Duration(count) * unit, nil
}

func (r *reader) bounds(c *Correlation, n *yaml.Node, path string) error {
	all, err := r.pairs(n, path)
	if err != nil {
		return err
	}
	for _, p := range all {
		switch p.name {
		case "field":
			c.Field, err = r.text(p.value, path+".field")
		case "percentile":
			c.Percentile, err = r.number(p.value, path+".percentile")
		case "gt", "gte", "lt", "lte", "eq", "neq":
			var x float64
			x, err = r.number(p.value, path+"."+p.name)
			c.Bounds = append(c.Bounds, Bound{p.name, x})
		default:
			err = r.wrong(p.key, path, "%q is none of gt, gte, lt, lte, eq, neq, field, percentile", p.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) number(n *yaml.Node, path string) (float64, error) {
	x, err := strconv.ParseFloat(n.Value, 64)
	if err != nil {
		return 0, r.wrong(n, path, "%q is no number", n.Value)
	}
	return x, nil
}

func (r *reader) aliases(c *Correlation, n *yaml.Node, path string) error {
	all, err := r.pairs(n, path)
	if err != nil {
		return err
	}
	for _, p := range all {
		fields, err := r.pairs(p.value, path+"."+p.name)
		if err != nil {
			return err
		}
		to := map[string]string{}
		for _, f := range fields {
			if to[f.name], err = r.text(f.value, fmt.Sprintf("%s.%s.%s", path, p.name, f.name)); err != nil {
				return err
			}
		}
		c.Aliases[p.name] = to
	}
	return nil
}
