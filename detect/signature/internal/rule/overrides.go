package rule

import (
	"io"
	"strings"
)

// Override is one line of threshold.config: how often, or for whom, rules tell.
type Override struct {
	Pos      Pos
	Kind     OverrideKind
	GID, SID uint32 // 0: all
	Track    string // by_src, by_dst, by_either, by_both, by_rule, by_flow; "": no end (suppress: always)
	IP       Addresses
	Limit    Threshold // of EventFilter and RateFilter
	Action   Action    // of RateFilter: what the rule does once it holds
	Timeout  uint32    // of RateFilter: for how long, in seconds
	Text     string    // as it was written
}

// About reports whether o is about a rule.
func (o *Override) About(gid, sid uint32) bool {
	return (o.GID == 0 || o.GID == gid) && (o.SID == 0 || o.SID == sid)
}

// OverrideKind is what an Override does. The zero value suppresses.
type OverrideKind uint8

// Kinds of overrides.
const (
	Suppress OverrideKind = iota
	EventFilter
	RateFilter
)

var overrideKinds = map[string]OverrideKind{
	"suppress": Suppress, "event_filter": EventFilter, "threshold": EventFilter, "rate_filter": RateFilter,
}

// Overrides reads threshold.config. Addresses may name the variables of p.
func (p *Parser) Overrides(r io.Reader, name string) (overrides []Override, errs []*Error, err error) {
	errs, err = eachLine(r, name, func(l *line) error {
		o, err := p.override(l)
		if err == nil {
			overrides = append(overrides, *o)
		}
		return err
	})
	return overrides, errs, err
}

// override reads one line: a kind, and names with values that commas separate.
func (p *Parser) override(l *line) (*Override, error) {
	v := value{text: l.text, has: true}.trimmed()
	word, _, _ := strings.Cut(v.text, " ")
	kind, ok := overrideKinds[word]
	if !ok {
		return nil, faultf(v.at, "%q is none of suppress, event_filter, threshold, rate_filter", cutWord(word))
	}
	b := &builder{parser: p, line: l, rule: &Rule{}, option: word}
	o := &Override{Kind: kind, Pos: l.pos(v.at), Text: cutText(v.text)}
	given := map[string]bool{}
	for _, part := range splitOutside(v.skip(len(word))) {
		name, _, _ := strings.Cut(part.text, " ")
		if given[name] {
			return nil, faultf(part.at, "%s is given twice", cutWord(name))
		}
		given[name] = true
		if err := o.part(b, name, part.skip(len(name))); err != nil {
			return nil, err
		}
	}
	return o, o.check(v.at, given)
}

// splitOutside cuts at commas outside of brackets.
func splitOutside(v value) []value {
	var out []value
	depth, start := 0, 0
	for i := 0; i <= len(v.text); i++ {
		switch {
		case i == len(v.text) || v.text[i] == ',' && depth == 0:
			out = append(out, value{text: v.text[start:i], at: v.at + start, has: true}.trimmed())
			start = i + 1
		case v.text[i] == '[':
			depth++
		case v.text[i] == ']':
			depth--
		}
	}
	return out
}

func (o *Override) part(b *builder, name string, v value) (err error) {
	switch name {
	case "gen_id":
		return b.id(v, &o.GID)
	case "sig_id":
		return b.id(v, &o.SID)
	case "ip":
		o.IP, err = b.parser.env.addressSet(v.text)
		return placed(v.at, err)
	case "track":
		o.Track = v.text
		o.Limit.Track = v.text
		switch v.text {
		case "by_src", "by_dst", "by_both", "by_rule", "by_flow", "by_either":
			return nil
		}
		return faultf(v.at, "%s cannot track %q", b.option, cutWord(v.text))
	case "new_action":
		action, ok := actions[v.text]
		if !ok {
			return faultf(v.at, "%q is no action", cutWord(v.text))
		}
		o.Action = action
		return nil
	case "timeout":
		return b.id(v, &o.Timeout)
	}
	return b.thresholdPart(&o.Limit, name, v)
}

// check checks that what a kind needs is there, and nothing else.
func (o *Override) check(at int, given map[string]bool) error {
	var needs, allows []string
	switch o.Kind {
	case Suppress:
		needs, allows = []string{"gen_id", "sig_id"}, []string{"track", "ip"}
		if given["track"] != given["ip"] {
			return faultf(at, "suppress: track and ip stand together")
		}
		if o.Track == "by_rule" || o.Track == "by_flow" {
			return faultf(at, "suppress tracks by_src, by_dst or by_either")
		}
	case EventFilter:
		needs, allows = []string{"gen_id", "sig_id", "type", "track", "count"}, []string{"seconds", "multiplier"}
		if !o.Limit.Backoff {
			needs = append(needs, "seconds")
		}
	case RateFilter:
		needs = []string{"gen_id", "sig_id", "track", "count", "seconds", "new_action", "timeout"}
	}
	known := map[string]bool{}
	for _, n := range append(needs, allows...) {
		known[n] = true
	}
	for _, n := range needs {
		if !given[n] {
			return faultf(at, "%s is missing", n)
		}
	}
	for n := range given {
		if !known[n] {
			return faultf(at, "%q does not belong here", cutWord(n))
		}
	}
	return nil
}
