package rule

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Options are what rules are read with. Its zero value is Suricata's variables and version.
type Options struct {
	Vars     *Vars           // nil: those of [DefaultVars]
	Version  Version         // of Suricata that `requires` is answered with; zero: [SuricataVersion]
	Features map[string]bool // that `requires` may ask for; nil: [Features]

	AbsolutePaths bool // datasets may be saved anywhere, not within the folder of the rules alone
}

// Parse reads the rules of one file. A rule that cannot be used is an *Error among errs, never weakened; err is that of
// reading r. Rules that are commented out are there too, with Enabled false.
func Parse(r io.Reader, name string, o Options) (rules []*Rule, errs []*Error, err error) {
	p := NewParser(o)
	err = p.Each(r, name, func(r *Rule, e *Error) {
		if e != nil {
			errs = append(errs, e)
			return
		}
		rules = append(rules, r)
	})
	return rules, errs, err
}

// Parser reads rules. It is for one goroutine.
type Parser struct {
	o        Options
	env      *resolver
	keywords map[string]keyword
}

// NewParser makes a parser.
func NewParser(o Options) *Parser {
	if o.Vars == nil {
		o.Vars = DefaultVars()
	}
	if o.Version == (Version{}) {
		o.Version = SuricataVersion()
	}
	if o.Features == nil {
		o.Features = Features()
	}
	return &Parser{o: o, env: newResolver(o.Vars), keywords: keywords()}
}

// Each reads the rules of one file and hands over each rule, or why it cannot be used.
func (p *Parser) Each(r io.Reader, name string, each func(*Rule, *Error)) error {
	in := newLines(r, name)
	for {
		l, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if rule, fault, ok := p.line(l); ok {
			each(rule, fault)
		}
	}
}

// Rule reads one rule.
func (p *Parser) Rule(text, name string) (*Rule, error) {
	rule, fault, ok := p.line(&line{file: name, text: text, parts: []part{{0, 1}}})
	switch {
	case !ok:
		return nil, &Error{Pos: Pos{name, 1, 1}, Enabled: true, Reason: "no rule stands here"}
	case fault != nil:
		return nil, fault
	}
	return rule, nil
}

// line reads a logical line; ok is false where no rule stands in it.
func (p *Parser) line(l *line) (_ *Rule, _ *Error, ok bool) {
	start, enabled := 0, true
	for start < len(l.text) && (l.text[start] == ' ' || l.text[start] == '\t' || l.text[start] == '#') {
		enabled = enabled && l.text[start] != '#'
		start++
	}
	if start == len(l.text) || !enabled && !looksLikeRule(l.text[start:]) {
		return nil, nil, false
	}
	b := &builder{parser: p, line: l, rule: &Rule{Enabled: enabled, GID: 1, Pos: l.pos(start)}}
	b.rule.Text = strings.TrimRight(l.text[start:], " \t")
	err := b.read(start)
	if err == nil {
		return b.rule, nil, true
	}
	return nil, b.report(err, start), true
}

// looksLikeRule tells a rule that is commented out from prose: an action, a protocol and a direction begin it.
func looksLikeRule(text string) bool {
	s := scanner{text: text}
	word, _ := s.word()
	name, _, _ := strings.Cut(word, ":")
	if _, ok := actions[name]; !ok {
		return false
	}
	word, _ = s.word()
	name, _, _ = strings.Cut(word, ":")
	if _, ok := protocol(name); !ok {
		return false
	}
	head, _, ok := strings.Cut(text[s.at:], "(")
	return ok && (strings.Contains(head, "->") || strings.Contains(head, "<>") || strings.Contains(head, "=>"))
}

// builder reads one rule.
type builder struct {
	parser *Parser
	line   *line
	rule   *Rule

	at      int      // where the option that is read begins
	option  string   // its name
	buffers []*group // in the order of the rule
	sticky  *group   // governs what follows; nil: the payload
	last    *Content // the newest, which modifiers speak of
	lastIn  *group
	newest  *group // of the newest content, pcre, byte_*
	decoded bool   // base64_decode stands in the rule
	names   map[string]bool
}
