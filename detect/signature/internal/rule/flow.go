package rule

import (
	"strings"
)

// flowOptions say what each option of flow asks for, and which contradict it.
var flowOptions = map[string]struct {
	of      func(*Flow) *bool
	against func(*Flow) bool
}{
	"to_server":       {func(f *Flow) *bool { return &f.ToServer }, func(f *Flow) bool { return f.ToClient }},
	"from_client":     {func(f *Flow) *bool { return &f.ToServer }, func(f *Flow) bool { return f.ToClient }},
	"to_client":       {func(f *Flow) *bool { return &f.ToClient }, func(f *Flow) bool { return f.ToServer }},
	"from_server":     {func(f *Flow) *bool { return &f.ToClient }, func(f *Flow) bool { return f.ToServer }},
	"established":     {func(f *Flow) *bool { return &f.Established }, func(f *Flow) bool { return f.NotEstablished || f.Stateless }},
	"not_established": {func(f *Flow) *bool { return &f.NotEstablished }, func(f *Flow) bool { return f.Established }},
	"stateless":       {func(f *Flow) *bool { return &f.Stateless }, func(f *Flow) bool { return f.Established }},
	"only_stream":     {func(f *Flow) *bool { return &f.OnlyStream }, func(f *Flow) bool { return f.NoStream }},
	"no_stream":       {func(f *Flow) *bool { return &f.NoStream }, func(f *Flow) bool { return f.OnlyStream }},
	"only_frag":       {func(f *Flow) *bool { return &f.OnlyFrag }, func(f *Flow) bool { return f.NoFrag }},
	"no_frag":         {func(f *Flow) *bool { return &f.NoFrag }, func(f *Flow) bool { return f.OnlyFrag }},
}

func (b *builder) flow(v value) error {
	if b.rule.Flow != (Flow{}) {
		return faultf(b.at, "flow is given twice")
	}
	f := &b.rule.Flow
	for _, p := range v.split(',', -1) {
		o, ok := flowOptions[strings.ToLower(p.text)]
		switch {
		case !ok:
			return faultf(p.at, "flow knows no %q", cutWord(p.text))
		case *o.of(f):
			return faultf(p.at, "flow: %s is given twice", p.text)
		case o.against(f):
			return faultf(p.at, "flow: %s contradicts what stands before it", p.text)
		}
		*o.of(f) = true
	}
	return nil
}

// noalert is the keyword, and that of flowbits.
func (b *builder) noalert(value) error {
	b.rule.NoAlert = true
	return nil
}

// alertKeyword makes a rule tell that otherwise would not: after noalert, or of Suricata's firewall.
func (b *builder) alertKeyword(value) error {
	b.rule.NoAlert, b.rule.Alerts = false, true
	return nil
}

var bitActions = map[string]bool{"set": true, "unset": true, "toggle": true, "isset": true, "isnotset": true}

func (b *builder) flowbits(v value) error {
	w, _, err := v.unquoted()
	if err != nil {
		return err
	}
	if w.text == "noalert" {
		return b.noalert(v)
	}
	parts := w.split(',', -1)
	if len(parts) != 2 || !bitActions[parts[0].text] || parts[1].text == "" {
		return faultf(w.at, "flowbits is set, unset, toggle, isset or isnotset with a name, or noalert, not %q", cutWord(w.text))
	}
	bit := Bit{Of: "flow", Do: parts[0].text}
	if err := b.bitNamesOf(&bit, parts[1]); err != nil {
		return err
	}
	b.rule.Bits = append(b.rule.Bits, bit)
	return nil
}

// bitNamesOf reads NAME or NAME|NAME.
func (b *builder) bitNamesOf(bit *Bit, v value) error {
	for _, n := range v.split('|', -1) {
		if n.text == "" || strings.ContainsAny(n.text, " \t") {
			return faultf(n.at, "%q is no name of a bit", cutWord(n.text))
		}
		bit.Names = append(bit.Names, n.text)
	}
	if len(bit.Names) > 1 && bit.Do != "isset" && bit.Do != "isnotset" {
		return faultf(v.at, "%s: only isset and isnotset take several names", b.option)
	}
	return nil
}

// xbits reads ACTION,NAME,track ip_src|ip_dst|ip_pair|tx[,expire SECONDS].
func (b *builder) xbits(v value) error {
	w, _, err := v.unquoted()
	if err != nil {
		return err
	}
	if w.text == "noalert" {
		return b.noalert(v)
	}
	parts := w.split(',', -1)
	if len(parts) < 3 || len(parts) > 4 || !bitActions[parts[0].text] {
		return faultf(w.at, "xbits is an action, a name, track and perhaps expire, not %q", cutWord(w.text))
	}
	bit := Bit{Do: parts[0].text}
	if err := b.bitNamesOf(&bit, parts[1]); err != nil {
		return err
	}
	track := parts[2].words()
	if len(track) != 2 || track[0].text != "track" {
		return faultf(parts[2].at, "xbits: track ip_src, ip_dst, ip_pair or tx is wanted, not %q", cutWord(parts[2].text))
	}
	switch bit.Of = track[1].text; bit.Of {
	case "ip_src", "ip_dst", "ip_pair", "tx":
	default:
		return faultf(track[1].at, "xbits cannot track %q", cutWord(track[1].text))
	}
	if len(parts) == 4 {
		if err := b.expire(&bit, parts[3]); err != nil {
			return err
		}
	}
	b.rule.Bits = append(b.rule.Bits, bit)
	return nil
}

func (b *builder) expire(bit *Bit, v value) error {
	words := v.words()
	if len(words) != 2 || words[0].text != "expire" {
		return faultf(v.at, "xbits: expire SECONDS is wanted, not %q", cutWord(v.text))
	}
	n, err := b.unsigned(words[1], 32)
	if err != nil || n == 0 {
		return cmpErr(err, words[1].at, "xbits: expire must not be 0")
	}
	bit.Expire = n
	return nil
}

// hostbits reads ACTION,NAME[,src|dst|both].
func (b *builder) hostbits(v value) error {
	w, _, err := v.unquoted()
	if err != nil {
		return err
	}
	if w.text == "noalert" {
		return b.noalert(v)
	}
	parts := w.split(',', -1)
	if len(parts) < 2 || len(parts) > 3 || !bitActions[parts[0].text] {
		return faultf(w.at, "hostbits is an action, a name and perhaps src, dst or both, not %q", cutWord(w.text))
	}
	bit := Bit{Do: parts[0].text, Of: "host_src"}
	if len(parts) == 3 {
		switch parts[2].text {
		case "src", "dst", "both":
			bit.Of = "host_" + parts[2].text
		default:
			return faultf(parts[2].at, "hostbits: src, dst or both is wanted, not %q", cutWord(parts[2].text))
		}
	}
	if err := b.bitNamesOf(&bit, parts[1]); err != nil {
		return err
	}
	b.rule.Bits = append(b.rule.Bits, bit)
	return nil
}

var intActions = map[string]bool{
	"+": true, "-": true, "=": true, ">": true, "<": true, ">=": true, "<=": true, "==": true, "!=": true, "isset": true, "notset": true,
	"isnotset": true,
}

// flowint reads NAME,ACTION[,NUMBER or NAME].
func (b *builder) flowint(v value) error {
	parts := v.split(',', -1)
	if len(parts) < 2 || !intActions[parts[1].text] || parts[0].text == "" {
		return faultf(v.at, "flowint is a name and an action (+ - = > < >= <= == != isset notset), not %q", cutWord(v.text))
	}
	i := Int{Name: parts[0].text, Do: parts[1].text}
	query := i.Do == "isset" || i.Do == "notset" || i.Do == "isnotset"
	if i.Do == "isnotset" {
		i.Do = "notset"
	}
	switch {
	case query && len(parts) != 2:
		return faultf(parts[2].at, "flowint: %s takes no number", i.Do)
	case !query && len(parts) != 3:
		return faultf(v.at, "flowint: %s needs a number", i.Do)
	case !query && isName(parts[2].text):
		i.Var = parts[2].text
	case !query:
		n, err := b.unsigned(parts[2], 32)
		if err != nil {
			return err
		}
		i.N = n
	}
	b.rule.Ints = append(b.rule.Ints, i)
	return nil
}

// tag reads session|host[,COUNT,seconds|packets|bytes[,src|dst]].
func (b *builder) tag(v value) error {
	parts := v.split(',', -1)
	t := Tag{Count: maxTagged, Unit: "packets", ToDest: true}
	switch parts[0].text {
	case "session":
	case "host":
		t.Host = true
	default:
		return faultf(v.at, "tag is of a session or a host, not of %q", cutWord(parts[0].text))
	}
	if len(parts) == 2 || len(parts) > 4 {
		return faultf(v.at, "tag: a number and its unit are wanted")
	}
	if len(parts) > 2 {
		n, err := b.unsigned(parts[1], 32)
		if err != nil {
			return err
		}
		if t.Count, t.Unit = uint32(n), parts[2].text; t.Unit == "packets" {
			t.Count = min(t.Count, maxTagged)
		}
		if t.Unit != "seconds" && t.Unit != "packets" && t.Unit != "bytes" {
			return faultf(parts[2].at, "tag counts seconds, packets or bytes, not %q", cutWord(t.Unit))
		}
	}
	if len(parts) == 4 {
		t.ToDest = parts[3].text == "dst"
		if parts[3].text != "src" && parts[3].text != "dst" || !t.Host {
			return faultf(parts[3].at, "tag: src or dst is wanted, of a host")
		}
	}
	b.rule.Tags = append(b.rule.Tags, t)
	return nil
}
