package rule

import (
	"errors"
	"fmt"
	"strings"
)

var actions = map[string]Action{
	"alert": Alert, "pass": Pass, "drop": Drop, "config": Config, "accept": Accept,
	"reject": Reject, "rejectsrc": Reject, "rejectdst": Reject, "rejectboth": Reject,
}

// faultf is what is wrong at an offset of the logical line.
func faultf(at int, format string, args ...any) error {
	return &fault{at: at, reason: fmt.Sprintf(format, args...)}
}

// report makes an Error of what reading the rule came to.
func (b *builder) report(err error, start int) *Error {
	e := &Error{Pos: b.line.pos(start), SID: b.rule.SID, Enabled: b.rule.Enabled, Reason: err.Error(), Text: cutText(b.rule.Text)}
	if f, ok := errors.AsType[*fault](err); ok {
		e.Pos, e.Skipped = b.line.pos(f.at), f.skip
	}
	if p, ok := errors.AsType[*placeError](err); ok {
		e.Pos = p.pos
	}
	if e.SID == 0 {
		e.SID = findSID(b.rule.Text)
	}
	return e
}

// findSID looks for the id of a rule that could not be read to its end.
func findSID(text string) uint32 {
	i := strings.LastIndex(text, "sid:")
	if i < 0 {
		return 0
	}
	digits := strings.TrimLeft(text[i+len("sid:"):], " ")
	n := 0
	for n < len(digits) && digits[n] >= '0' && digits[n] <= '9' {
		n++
	}
	v, err := number(digits[:n], 32)
	if err != nil {
		return 0
	}
	return uint32(v)
}

// read reads a rule that begins at an offset of the line.
func (b *builder) read(start int) error {
	if b.line.long {
		return faultf(start, "the rule is longer than %d bytes", MaxLine)
	}
	s := &scanner{text: b.line.text, at: start}
	if err := b.header(s); err != nil {
		return err
	}
	if err := b.options(s); err != nil {
		return err
	}
	return b.finish(start)
}

// scanner walks over a header.
type scanner struct {
	text string
	at   int
}

// word reads up to the next space; spaces in brackets are part of a word.
func (s *scanner) word() (w string, at int) {
	for s.at < len(s.text) && isSpace(s.text[s.at]) {
		s.at++
	}
	at = s.at
	depth := 0
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth <= 0 && (isSpace(c) || c == '('):
			return s.text[at:s.at], at
		}
	}
	return s.text[at:s.at], at
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'
}

// header reads all that stands before the bracket.
func (b *builder) header(s *scanner) error {
	word, at := s.word()
	if err := b.action(word, at); err != nil {
		return err
	}
	word, at = s.word()
	name, hook, _ := strings.Cut(word, ":")
	var ok bool
	if b.rule.Proto, ok = protocol(name); !ok {
		return faultf(at, "%q is no protocol that rules can name", cutWord(word))
	}
	b.rule.Proto.Name, b.rule.Proto.Hook = word, hook
	if err := b.end(s, &b.rule.Source, &b.rule.SourcePorts); err != nil {
		return err
	}
	if err := b.direction(s); err != nil {
		return err
	}
	return b.end(s, &b.rule.Dest, &b.rule.DestPorts)
}

// action reads ACTION, ACTION:SCOPE or ACTION:SCOPE,alert; what has a scope is of Suricata's firewall.
func (b *builder) action(word string, at int) error {
	first, second, two := strings.Cut(word, ",")
	name, scope, scoped := strings.Cut(first, ":")
	action, ok := actions[name]
	switch {
	case !ok || action == Accept && !scoped:
		if word == "include" {
			return faultf(at, "include is not followed: name that file, or its folder, as a source")
		}
		return faultf(at, "%q is no action (alert, pass, drop, reject, rejectsrc, rejectdst, rejectboth, config)", cutWord(word))
	case scoped && !scopes[scope]:
		return faultf(at, "%q is no scope of an action (packet, flow, hook, tx)", cutWord(scope))
	case two && (!scoped || second != "alert" && second != "pass" && !scopes[strings.TrimPrefix(second, "pass:")]):
		return faultf(at, "%q cannot stand behind the action", cutWord(second))
	}
	b.rule.Action, b.rule.Scope, b.rule.Alerts = action, scope, second == "alert"
	return nil
}

var scopes = map[string]bool{"packet": true, "flow": true, "hook": true, "tx": true}

// end reads the addresses and ports of one end.
func (b *builder) end(s *scanner, a *Addresses, p *Ports) (err error) {
	word, at := s.word()
	if word == "" {
		return faultf(at, "the header ends where addresses should stand")
	}
	if *a, err = b.parser.env.addressSet(word); err != nil {
		return placed(at, err)
	}
	word, at = s.word()
	if word == "" {
		return faultf(at, "the header ends where ports should stand")
	}
	*p, err = b.parser.env.portSet(word)
	return placed(at, err)
}

// placed says where in the line is wrong with an expression that begins at an offset.
func placed(at int, err error) error {
	if e, ok := errors.AsType[*exprError](err); ok {
		return &fault{at: at + e.at, reason: e.reason}
	}
	return err
}

func (b *builder) direction(s *scanner) error {
	word, at := s.word()
	switch word {
	case "->":
	case "<>":
		b.rule.Both = true
	case "=>":
		b.rule.Exchange = true
	default:
		return faultf(at, "%q is no direction (->, <>, =>)", cutWord(word))
	}
	return nil
}

func cutWord(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}
