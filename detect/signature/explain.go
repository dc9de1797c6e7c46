package signature

import (
	"fmt"
	"slices"
	"strings"

	"bulwark/detect/signature/internal/rule"
	"bulwark/wire"
)

// telling gathers sentences in both languages.
type telling struct{ Explained }

func (t *telling) say(en, fr string) {
	t.EN = append(t.EN, en)
	t.FR = append(t.FR, fr)
}

// explain puts a rule into plain words: what traffic it is about, in which direction, what must hold, how often it tells.
func explain(r *rule.Rule, ed *edition) Explained {
	t := &telling{Explained{[]string{}, []string{}}}
	t.action(r)
	t.traffic(r)
	t.flow(r)
	for i := range r.Buffers {
		t.buffer(&r.Buffers[i])
	}
	for i := range r.Tests {
		p := &r.Tests[i]
		t.say("The packet or its conversation must meet: "+testText(p)+".", "Le paquet ou sa conversation doit satisfaire : "+testText(p)+".")
	}
	for _, e := range r.Events {
		if e.Not {
			t.say(fmt.Sprintf("The anomaly %q must not have been noticed.", e.Name), fmt.Sprintf("L'anomalie « %s » ne doit pas avoir été relevée.", e.Name))
			continue
		}
		t.say(fmt.Sprintf("It waits for the anomaly %q.", e.Name), fmt.Sprintf("Elle attend l'anomalie « %s ».", e.Name))
	}
	t.bits(r, ed)
	t.limits(r, ed)
	return t.Explained
}

func (t *telling) action(r *rule.Rule) {
	switch {
	case r.Action == rule.Pass:
		t.say("What matches is let pass: no other rule speaks of it.", "Ce qui correspond est laissé passer : aucune autre règle n'en parle.")
	case r.Silent || r.NoAlert:
		t.say("It tells nothing itself: it sets marks that other rules ask for.", "Elle ne signale rien elle-même : elle pose des marques que d'autres règles demandent.")
	case r.Action == rule.Drop || r.Action == rule.Reject:
		t.say("It would block what matches; Bulwark does not stand in the traffic's way, and tells of it.",
			"Elle bloquerait ce qui correspond ; Bulwark n'est pas sur le chemin du trafic, et le signale.")
	default:
		t.say("It tells of what matches.", "Elle signale ce qui correspond.")
	}
}

func (t *telling) traffic(r *rule.Rule) {
	en, fr := "any traffic", "tout le trafic"
	if n := r.Proto.Name; n != "" && n != "ip" && n != "any" {
		name := strings.ToUpper(n)
		en, fr = name+" traffic", "le trafic "+name
	}
	head := ends(r.Text)
	switch {
	case head == nil:
		t.say("It looks at "+en+".", "Elle regarde "+fr+".")
	case r.Both:
		t.say(fmt.Sprintf("It looks at %s between %s and %s, either way.", en, end(head[0], head[1], 0), end(head[2], head[3], 0)),
			fmt.Sprintf("Elle regarde %s entre %s et %s, dans les deux sens.", fr, end(head[0], head[1], 1), end(head[2], head[3], 1)))
	default:
		t.say(fmt.Sprintf("It looks at %s from %s to %s.", en, end(head[0], head[1], 0), end(head[2], head[3], 0)),
			fmt.Sprintf("Elle regarde %s de %s vers %s.", fr, end(head[0], head[1], 1), end(head[2], head[3], 1)))
	}
}

// ends are source, its ports, destination and its ports, as the rule writes them.
func ends(text string) []string {
	head, _, _ := strings.Cut(text, "(")
	var words []string
	depth, word := 0, ""
	for _, c := range head + " " {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		}
		if depth == 0 && (c == ' ' || c == '\t') {
			if word != "" {
				words = append(words, word)
			}
			word = ""
			continue
		}
		word += string(c)
	}
	if len(words) != 7 {
		return nil
	}
	return []string{words[2], words[3], words[5], words[6]}
}

// end is one end of the traffic in words; language 0 is English, 1 French.
func end(address, port string, language int) string {
	a := [2]string{"any address", "toute adresse"}[language]
	if address != "any" {
		a = address
	}
	if port == "any" {
		return a
	}
	return a + [2]string{", port ", ", port "}[language] + port
}

func (t *telling) flow(r *rule.Rule) {
	f := &r.Flow
	switch {
	case f.ToServer && !f.ToClient:
		t.say("Only what the side that began the conversation sends counts.", "Seul compte ce qu'envoie le côté qui a commencé la conversation.")
	case f.ToClient && !f.ToServer:
		t.say("Only what the side that answers sends counts.", "Seul compte ce qu'envoie le côté qui répond.")
	}
	switch {
	case f.Established:
		t.say("Both ends must have spoken.", "Les deux côtés doivent avoir parlé.")
	case f.NotEstablished:
		t.say("The conversation must not be established.", "La conversation ne doit pas être établie.")
	}
}

// buffer tells what must hold of a buffer.
func (t *telling) buffer(b *rule.Looked) {
	en, fr := "in the payload", "dans la charge utile"
	if b.Field != nil {
		en, fr = "in "+b.Field.Name, "dans "+b.Field.Name
	}
	if b.Frame != "" {
		en, fr = en+" "+b.Frame, fr+" "+b.Frame
	}
	switch b.Dir {
	case wire.ToServer:
		en, fr = en+" (of who asks)", fr+" (de qui demande)"
	case wire.ToClient:
		en, fr = en+" (of who answers)", fr+" (de qui répond)"
	}
	for _, x := range b.Transforms {
		en, fr = en+", after "+x.Name, fr+", après "+x.Name
	}
	for _, x := range b.Tests {
		e, f := testWords(x)
		t.say(upperFirst(en)+": "+e+".", upperFirst(fr)+" : "+f+".")
	}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// testWords is what a test of a buffer asks, in both languages.
func testWords(x rule.Test) (en, fr string) {
	switch x := x.(type) {
	case *rule.Content:
		return contentWords(x)
	case *rule.PCRE:
		if x.Not {
			return "the expression /" + cut(x.Expr) + "/ must not match", "l'expression /" + cut(x.Expr) + "/ ne doit pas correspondre"
		}
		return "the expression /" + cut(x.Expr) + "/ must match", "l'expression /" + cut(x.Expr) + "/ doit correspondre"
	case *rule.Size:
		return "its length must be " + numberText(x.Number), "sa longueur doit être " + numberText(x.Number)
	case *rule.Number:
		return "it must be " + numberText(*x), "la valeur doit être " + numberText(*x)
	case *rule.Absent:
		return "it must not be there", "il ne doit pas être présent"
	case *rule.DataAt:
		return fmt.Sprintf("there must be data at byte %s%s", amount(x.At), not(x.Not, " (not)")), fmt.Sprintf("il doit y avoir des données à l'octet %s%s", amount(x.At), not(x.Not, " (non)"))
	case *rule.ByteTest:
		return fmt.Sprintf("the number of %s bytes at %s must be %s %s", amount(x.Count), amount(x.Offset), opText(x.Op), wide(x)),
			fmt.Sprintf("le nombre de %s octets en %s doit être %s %s", amount(x.Count), amount(x.Offset), opText(x.Op), wide(x))
	case *rule.Dataset:
		return fmt.Sprintf("it must be in the list %q (%s)", x.Name, x.Command), fmt.Sprintf("la valeur doit être dans la liste « %s » (%s)", x.Name, x.Command)
	case *rule.Own:
		return "it must meet " + x.Name + " " + cut(x.Text), "il doit satisfaire " + x.Name + " " + cut(x.Text)
	case *rule.Entropy:
		return fmt.Sprintf("its entropy must be %s %g", opText(x.Op), x.Value), fmt.Sprintf("son entropie doit être %s %g", opText(x.Op), x.Value)
	case *rule.ByteJump, *rule.ByteExtract, *rule.ByteMath:
		return "a number in it says where to look on", "un nombre y dit où regarder ensuite"
	case *rule.Base64Decode:
		return "it is decoded as base64", "il est décodé en base64"
	case *rule.ASN1:
		return "its ASN.1 must be malformed", "son ASN.1 doit être malformé"
	}
	return "it must meet a further test", "il doit satisfaire un autre test"
}

func contentWords(c *rule.Content) (en, fr string) {
	text := contentText(c.Bytes)
	en, fr = "it must hold "+text, "il doit contenir "+text
	switch {
	case c.StartsWith && c.AtEnd:
		en, fr = "it must be "+text, "il doit être "+text
	case c.StartsWith:
		en, fr = "it must begin with "+text, "il doit commencer par "+text
	case c.AtEnd:
		en, fr = "it must end with "+text, "il doit finir par "+text
	}
	if c.Not {
		en, fr = strings.Replace(en, "must", "must not", 1), strings.Replace(fr, "il doit", "il ne doit pas", 1)
	}
	if c.Fold {
		en, fr = en+" (any case)", fr+" (casse indifférente)"
	}
	for _, p := range []struct {
		a      rule.Amount
		en, fr string
	}{
		{c.Offset, "from byte %s on", "à partir de l'octet %s"},
		{c.Depth, "within the first %s bytes", "dans les %s premiers octets"},
		{c.Distance, "at least %s bytes behind what was found before", "au moins %s octets après ce qui a été trouvé"},
		{c.Within, "at most %s bytes behind it", "au plus %s octets après"},
	} {
		if p.a.Set {
			en, fr = en+", "+fmt.Sprintf(p.en, amount(p.a)), fr+", "+fmt.Sprintf(p.fr, amount(p.a))
		}
	}
	return en, fr
}

// contentText is bytes as rules write them: what can be printed, and the rest in hexadecimal between bars.
func contentText(b []byte) string {
	var s strings.Builder
	hex := false
	for _, c := range b[:min(len(b), 200)] {
		plain := c >= 0x20 && c < 0x7f && c != '|' && c != '"'
		if plain == hex {
			s.WriteByte('|')
			hex = !hex
		}
		switch {
		case plain:
			s.WriteByte(c)
		case strings.HasSuffix(s.String(), "|"):
			fmt.Fprintf(&s, "%02x", c)
		default:
			fmt.Fprintf(&s, " %02x", c)
		}
	}
	if hex {
		s.WriteByte('|')
	}
	if len(b) > 200 {
		s.WriteString("...")
	}
	return `"` + s.String() + `"`
}

func cut(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}

func not(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

func amount(a rule.Amount) string {
	if a.Name != "" {
		return a.Name
	}
	return fmt.Sprint(a.N)
}

func wide(x *rule.ByteTest) string {
	if x.Wide != 0 {
		return fmt.Sprint(x.Wide)
	}
	return amount(x.Value)
}

func opText(o rule.Op) string {
	texts := [...]string{"=", "≠", "<", "≤", ">", "≥", "", "", "&=", "&≠", "&", "!&"}
	if int(o) < len(texts) {
		return texts[o]
	}
	return "?"
}

func numberText(n rule.Number) string {
	a := fmt.Sprint(n.A)
	if n.Var != "" {
		a = n.Var
	}
	prefix := not(n.Not, "! ")
	switch n.Op {
	case rule.Between:
		return fmt.Sprintf("%s]%s, %d[", prefix, a, n.B)
	case rule.Within:
		return fmt.Sprintf("%s[%s, %d]", prefix, a, n.B)
	}
	return prefix + opText(n.Op) + " " + a
}

func testText(p *rule.PacketTest) string {
	var values []string
	for _, n := range p.Numbers {
		values = append(values, numberText(n))
	}
	if len(values) == 0 && p.Text != "" {
		values = []string{cut(p.Text)}
	}
	if len(values) == 0 {
		values = p.Words
	}
	return strings.TrimSpace(not(p.Not, "! ") + p.Name + " " + strings.Join(values, " | "))
}

func (t *telling) bits(r *rule.Rule, ed *edition) {
	for _, b := range r.Bits {
		names := strings.Join(b.Names, ", ")
		switch b.Do {
		case "set", "toggle":
			t.say(fmt.Sprintf("It then sets the mark %q, which %s.", names, askedBy(ed.of(ed.askers, b), 0)),
				fmt.Sprintf("Elle pose ensuite la marque « %s », que %s.", names, askedBy(ed.of(ed.askers, b), 1)))
		case "unset":
			t.say(fmt.Sprintf("It then takes the mark %q away.", names), fmt.Sprintf("Elle retire ensuite la marque « %s ».", names))
		case "isset":
			t.say(fmt.Sprintf("The mark %q must stand, which is set by %s.", names, setBy(ed.of(ed.setters, b), 0)),
				fmt.Sprintf("La marque « %s » doit être posée, ce que fait %s.", names, setBy(ed.of(ed.setters, b), 1)))
		case "isnotset":
			t.say(fmt.Sprintf("The mark %q must not stand.", names), fmt.Sprintf("La marque « %s » ne doit pas être posée.", names))
		}
	}
}

// of are the rules that have to do with the names of a bit.
func (ed *edition) of(all map[string][]ID, b rule.Bit) []string {
	var ids []ID
	for _, name := range b.Names {
		ids = append(ids, all[bitName(b.Of, name)]...)
	}
	slices.SortFunc(ids, compareIDs)
	return idNames(slices.Compact(ids))
}

func setBy(ids []string, language int) string {
	if len(ids) == 0 {
		return [2]string{"no rule in force", "aucune règle en vigueur"}[language]
	}
	return [2]string{"rule ", "la règle "}[language] + strings.Join(ids, ", ")
}

func askedBy(ids []string, language int) string {
	if len(ids) == 0 {
		return [2]string{"no rule in force asks for", "n'est demandée par aucune règle en vigueur"}[language]
	}
	return [2]string{"rule " + strings.Join(ids, ", ") + " asks for", "demande la règle " + strings.Join(ids, ", ")}[language]
}

func (t *telling) limits(r *rule.Rule, ed *edition) {
	if d := r.Detection; d != nil {
		t.say(fmt.Sprintf("It tells only after %d matches within %d seconds, counted %s.", d.Count, d.Seconds, track(d.Track, 0)),
			fmt.Sprintf("Elle ne signale qu'après %d correspondances en %d secondes, comptées %s.", d.Count, d.Seconds, track(d.Track, 1)))
	}
	t.threshold(r.Threshold)
	for i := range ed.override {
		if o := &ed.override[i]; o.About(r.GID, r.SID) {
			t.say("What applies besides, by "+o.Pos.String()+": "+cut(o.Text)+".", "S'y ajoute, selon "+o.Pos.String()+" : "+cut(o.Text)+".")
		}
	}
}

func (t *telling) threshold(h *rule.Threshold) {
	switch {
	case h == nil:
	case h.Backoff:
		t.say(fmt.Sprintf("It tells at the %d., then ever more rarely.", h.Count), fmt.Sprintf("Elle signale à la %de, puis de plus en plus rarement.", h.Count))
	case h.Limit && h.Threshold:
		t.say(fmt.Sprintf("It tells once when there are %d matches within %d seconds, counted %s.", h.Count, h.Seconds, track(h.Track, 0)),
			fmt.Sprintf("Elle signale une fois quand il y a %d correspondances en %d secondes, comptées %s.", h.Count, h.Seconds, track(h.Track, 1)))
	case h.Limit && h.Count == 1:
		t.say(fmt.Sprintf("It tells at most once within %d seconds, counted %s.", h.Seconds, track(h.Track, 0)),
			fmt.Sprintf("Elle signale au plus une fois en %d secondes, comptées %s.", h.Seconds, track(h.Track, 1)))
	case h.Limit:
		t.say(fmt.Sprintf("It tells at most %d times within %d seconds, counted %s.", h.Count, h.Seconds, track(h.Track, 0)),
			fmt.Sprintf("Elle signale au plus %d fois en %d secondes, comptées %s.", h.Count, h.Seconds, track(h.Track, 1)))
	default:
		t.say(fmt.Sprintf("It tells at every %d matches within %d seconds, counted %s.", h.Count, h.Seconds, track(h.Track, 0)),
			fmt.Sprintf("Elle signale toutes les %d correspondances en %d secondes, comptées %s.", h.Count, h.Seconds, track(h.Track, 1)))
	}
}

func track(t string, language int) string {
	switch t {
	case "by_src":
		return [2]string{"by sender", "par émetteur"}[language]
	case "by_dst":
		return [2]string{"by receiver", "par destinataire"}[language]
	case "by_both":
		return [2]string{"by sender and receiver", "par émetteur et destinataire"}[language]
	case "by_flow":
		return [2]string{"by conversation", "par conversation"}[language]
	}
	return [2]string{"over all", "au total"}[language]
}
