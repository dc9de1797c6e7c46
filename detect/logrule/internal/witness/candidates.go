package witness

import (
	"iter"
	"net/netip"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"bulwark/detect/logrule/internal/sigma"
)

// candidates are values that may be what literals of a field want: all that must hold is put into one.
func candidates(all []literal) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, x := range all {
			for _, text := range x.whole() {
				if !yield(text) {
					return
				}
			}
		}
		for _, fill := range [...]string{"", "z", " ", `\`, "a9", "7"} {
			for _, around := range [...]string{"", "z", `C:\z`, " z ", "1"} {
				p := partsOf(all, fill)
				for range 2 {
					for _, between := range [...]string{"", " ", "z"} {
						if !yield(p.join(around, between)) {
							return
						}
					}
					slices.Reverse(p.inside)
				}
			}
		}
	}
}

// whole are values that a literal wants as they are.
func (x literal) whole() []string {
	switch {
	case !x.want:
	case x.How == sigma.Like:
		if text, ok := x.Pattern.Plain(); ok {
			return []string{text}
		}
	case x.How == sigma.Within:
		return addresses(*x.Net)
	case x.How == sigma.Search:
		return samples(x.Test)
	case x.How >= sigma.Less && x.How <= sigma.Same && x.Part == sigma.Whole:
		number := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
		return []string{number(x.Number), number(x.Number + 1), number(x.Number - 1)}
	}
	return nil
}

// addresses are some of a network.
func addresses(n netip.Prefix) (out []string) {
	a := n.Addr()
	for range 4 {
		if n.Contains(a) {
			out = append(out, a.String())
		}
		a = a.Next()
	}
	return out
}

// parts are what a value begins with, has inside and ends with.
type parts struct {
	front, back string
	inside      []string
}

func partsOf(all []literal, fill string) (p parts) {
	for _, x := range all {
		switch {
		case x.want && x.How == sigma.Search:
			p.inside = append(p.inside, samples(x.Test)...)
		case x.want && x.How == sigma.Like && len(x.Pattern) > 0:
			p.take(x.Pattern, fill)
		}
	}
	slices.Sort(p.inside)
	p.inside = slices.Compact(p.inside)
	p.inside = slices.DeleteFunc(p.inside, func(s string) bool {
		return slices.ContainsFunc(p.inside, func(t string) bool { return s != t && strings.Contains(t, s) })
	})
	return p
}

// take adds a pattern, with fill in place of what its wildcards in the middle stand for.
func (p *parts) take(like sigma.Pattern, fill string) {
	open, loose := like[0].Wild == sigma.Any, like[len(like)-1].Wild == sigma.Any
	var b strings.Builder
	for k, piece := range like {
		switch {
		case piece.Wild == sigma.One:
			b.WriteString((fill + "x")[:1])
		case piece.Wild == sigma.Any && k > 0 && k < len(like)-1:
			b.WriteString(fill)
		default:
			b.WriteString(piece.Text)
		}
	}
	text := b.String()
	switch {
	case open && loose:
		p.inside = append(p.inside, text)
	case open && len(text) > len(p.back):
		p.back = text
	case loose && len(text) > len(p.front):
		p.front = text
	case !open && !loose:
		p.inside = append(p.inside, text)
	}
}

// join is the value. Where something stands inside alone, around is put around it.
func (p *parts) join(around, between string) string {
	var b strings.Builder
	b.WriteString(p.front)
	if p.front == "" {
		b.WriteString(around)
	}
	for _, text := range p.inside {
		if strings.Contains(b.String()+p.back, text) {
			continue
		}
		b.WriteString(between)
		b.WriteString(text)
	}
	if p.back == "" {
		b.WriteString(around)
	} else {
		b.WriteString(strings.Repeat(between, min(1, len(p.inside))))
		b.WriteString(p.back)
	}
	return b.String()
}

// samples are texts that an expression is likely to match: with as little as it asks for, and with a little more.
func samples(t *sigma.Test) (out []string) {
	x, err := syntax.Parse(t.Regexp.String(), syntax.Perl)
	if err != nil {
		return nil
	}
	for more := range 3 {
		var b strings.Builder
		write(&b, x, more)
		if s := b.String(); t.Regexp.MatchString(s) {
			out = append(out, s)
		}
	}
	return out
}

// write writes a text that an expression matches. What looks around is left out.
func write(b *strings.Builder, x *syntax.Regexp, more int) {
	switch x.Op {
	case syntax.OpLiteral:
		b.WriteString(string(x.Rune))
	case syntax.OpCharClass:
		b.WriteRune(letter(x.Rune, more))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte("z 7"[more])
	case syntax.OpConcat, syntax.OpCapture:
		for _, y := range x.Sub {
			write(b, y, more)
		}
	case syntax.OpAlternate:
		write(b, x.Sub[min(more, len(x.Sub)-1)], more)
	case syntax.OpPlus:
		for range 1 + more {
			write(b, x.Sub[0], more)
		}
	case syntax.OpStar, syntax.OpQuest:
		for range min(more, 1) {
			write(b, x.Sub[0], more)
		}
	case syntax.OpRepeat:
		n := x.Min + more
		if x.Max >= 0 {
			n = min(n, x.Max)
		}
		for range n {
			write(b, x.Sub[0], more)
		}
	}
}

// letter is one of a class, a readable one where there is such.
func letter(class []rune, more int) rune {
	for _, want := range []rune{'a', '7', 'Z', ' ', '-', 'z'}[more:] {
		for k := 0; k+1 < len(class); k += 2 {
			if class[k] <= want && want <= class[k+1] {
				return want
			}
		}
	}
	return class[0]
}
