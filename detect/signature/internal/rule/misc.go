package rule

import (
	"strings"
)

// appProtocol reads [!]NAME[|NAME...][,DIRECTION].
func (b *builder) appProtocol(v value) error {
	t := PacketTest{Text: v.text}
	w := v
	if strings.HasPrefix(w.text, "!") {
		t.Not = true
		w = w.skip(1)
	}
	parts := w.split(',', -1)
	for _, p := range parts[0].split('|', -1) {
		name := strings.ToLower(p.text)
		if other, ok := appNames[name]; ok {
			name = other
		}
		if _, ok := apps[name]; !ok && name != "failed" && name != "unknown" {
			return faultf(p.at, "app-layer-protocol knows no protocol %q", cutWord(p.text))
		}
		t.Words = append(t.Words, name)
	}
	for _, p := range parts[1:] {
		if err := b.known([]string{p.text}, p, "final", "either", "both", "to_server", "to_client", "toserver", "toclient", "original", "exact"); err != nil {
			return err
		}
		t.Options = append(t.Options, strings.Replace(p.text, "to_", "to", 1))
	}
	b.test(t)
	return nil
}

// geoip reads DIRECTION,COUNTRY[,COUNTRY...]; a negation before a country.
func (b *builder) geoip(v value) error {
	t := PacketTest{Text: v.text}
	for _, p := range v.split(',', -1) {
		t.Words = append(t.Words, p.text)
	}
	switch t.Words[0] {
	case "src", "dst", "both", "any":
		t.Words = append([]string{t.Words[0]}, t.Words[1:]...)
	default:
		t.Words = append([]string{"any"}, t.Words...)
	}
	if len(t.Words) < 2 {
		return faultf(v.at, "geoip needs a country")
	}
	for _, c := range t.Words[1:] {
		if len(strings.TrimPrefix(c, "!")) != 2 {
			return faultf(v.at, "geoip: %q is no country of two letters", cutWord(c))
		}
	}
	b.test(t)
	return nil
}

// iprep reads SIDE,CATEGORY,COMPARISON,NUMBER, or isset or isnotset behind the category.
func (b *builder) iprep(v value) error {
	parts := v.split(',', -1)
	presence := len(parts) == 3 && (parts[2].text == "isset" || parts[2].text == "isnotset")
	if len(parts) != 4 && !presence {
		return faultf(v.at, "iprep is a side, a category, a comparison and a number")
	}
	if err := b.known([]string{parts[0].text}, parts[0], "any", "src", "dst", "both"); err != nil {
		return err
	}
	t := PacketTest{Text: v.text, Words: []string{parts[0].text, parts[1].text}}
	if presence {
		t.Words = append(t.Words, parts[2].text)
	} else {
		n, err := b.number(value{text: parts[2].text + parts[3].text, at: parts[3].at}, 8, nil)
		if err != nil {
			return err
		}
		t.Numbers = []Number{n}
	}
	b.test(t)
	return nil
}

func (b *builder) l3Proto(v value) error {
	if err := b.known([]string{v.text}, v, "ipv4", "ipv6", "ip4", "ip6", "ip"); err != nil {
		return err
	}
	return b.packetWords(v)
}

// rpc reads PROGRAM[,VERSION[,PROCEDURE]]; * is any.
func (b *builder) rpc(v value) error {
	parts := v.split(',', -1)
	if len(parts) > 3 {
		return faultf(v.at, "rpc is a program, a version and a procedure")
	}
	t := PacketTest{Text: v.text}
	for i, p := range parts {
		if i == 0 || p.text != "*" {
			if _, err := b.unsigned(p, 32); err != nil {
				return err
			}
		}
		t.Words = append(t.Words, p.text)
	}
	b.test(t)
	return nil
}

// variable reads NAME,"CONTENT" of flowvar and pktvar.
func (b *builder) variable(v value) error {
	parts := v.split(',', 2)
	if len(parts) != 2 || parts[0].text == "" {
		return faultf(v.at, "%s is a name and a content with a comma between", b.option)
	}
	w, not, err := parts[1].unquoted()
	if err != nil {
		return err
	}
	pattern, err := patternBytes(w)
	if err != nil {
		return err
	}
	b.test(PacketTest{Text: v.text, Words: []string{parts[0].text, string(pattern)}, Not: not})
	return nil
}

// config reads logging disable, type tx|flow, scope tx|flow.
func (b *builder) config(v value) error {
	parts := v.split(',', -1)
	if len(parts) != 3 {
		return faultf(v.at, "config is a subject with an action, a type and a scope")
	}
	for i, p := range parts {
		words := p.words()
		if len(words) != 2 {
			return faultf(p.at, "config: two words are wanted, not %q", cutWord(p.text))
		}
		wanted := [][]string{{"logging", "tracking"}, {"type"}, {"scope"}}[i]
		if err := b.known([]string{words[0].text}, p, wanted...); err != nil {
			return err
		}
		b.rule.Ignored = append(b.rule.Ignored, Pair{"config " + words[0].text, words[1].text})
	}
	return nil
}
