package rule

import (
	"strings"
)

func (b *builder) msg(v value) error {
	if b.rule.Message != "" {
		return faultf(b.at, "msg is given twice")
	}
	if !strings.HasPrefix(v.text, `"`) {
		return faultf(v.at, "the text of msg must be quoted")
	}
	w, _, err := v.unquoted()
	if err != nil {
		return err
	}
	b.rule.Message = unescaped(w.text)
	return nil
}

// unescaped takes the backslash from before ; : " and \.
func unescaped(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`:;\"`, s[i+1]) >= 0 {
			i++
		}
		out = append(out, s[i])
	}
	return string(out)
}

func (b *builder) id(v value, to *uint32) error {
	w, not, err := v.unquoted()
	if err != nil || not {
		return faultf(v.at, "%s: %q is no number", b.option, cutWord(v.text))
	}
	n, err := b.unsigned(w, 32)
	*to = uint32(n)
	return err
}

func (b *builder) sid(v value) error {
	if b.rule.SID != 0 {
		return faultf(b.at, "sid is given twice")
	}
	if err := b.id(v, &b.rule.SID); err != nil {
		return err
	}
	if b.rule.SID == 0 {
		return faultf(v.at, "sid must not be 0")
	}
	return nil
}

func (b *builder) rev(v value) error { return b.id(v, &b.rule.Rev) }
func (b *builder) gid(v value) error { return b.id(v, &b.rule.GID) }

func (b *builder) classtype(v value) error {
	w, not, err := v.unquoted()
	if err != nil || not || w.text == "" {
		return faultf(v.at, "%q is no class", cutWord(v.text))
	}
	b.rule.Class = w.text
	return nil
}

func (b *builder) priority(v value) error {
	w, _, err := v.unquoted()
	if err != nil {
		return err
	}
	n, err := b.unsigned(w, 8)
	if err != nil {
		return err
	}
	if n == 0 {
		return faultf(v.at, "priority begins at 1")
	}
	b.rule.Priority = uint8(n)
	return nil
}

func (b *builder) reference(v value) error {
	key, content, ok := strings.Cut(strings.Trim(v.text, `"`), ",")
	key, content = strings.TrimSpace(key), strings.Trim(strings.TrimSpace(content), `"`)
	if !ok || key == "" || content == "" {
		return faultf(v.at, "a reference is a system and an id with a comma between them, not %q", cutWord(v.text))
	}
	b.rule.References = append(b.rule.References, Pair{strings.ToLower(key), unescaped(content)})
	return nil
}

// metadata reads pairs with commas between them; a word alone is a pair without value.
func (b *builder) metadata(v value) error {
	for _, w := range v.split(',', -1) {
		if w.text == "" {
			continue
		}
		key, content, _ := strings.Cut(w.text, " ")
		b.rule.Metadata = append(b.rule.Metadata, Pair{key, strings.TrimSpace(content)})
	}
	return nil
}

func (b *builder) target(v value) error {
	switch v.text {
	case "src_ip":
		b.rule.Target = SourceEnd
	case "dest_ip":
		b.rule.Target = DestEnd
	default:
		return faultf(v.at, "target is src_ip or dest_ip, not %q", cutWord(v.text))
	}
	return nil
}
