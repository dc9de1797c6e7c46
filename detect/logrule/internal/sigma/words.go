package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Line is a line of what a rule asks for, in words: in English and in French. Depth is how far it stands in.
type Line struct {
	Depth int    `json:"depth"`
	EN    string `json:"en"`
	FR    string `json:"fr"`
}

// Bounds of what is said of a rule.
const (
	mostLines  = 200
	mostValues = 12 // of a list
)

// Words says what the rule asks for.
func (r *Rule) Words() []Line {
	w := &writer{}
	en, fr := r.Source.words()
	w.say(0, en, fr)
	w.node(0, r.Condition)
	return w.lines
}

// Words says what the correlation counts.
func (c *Correlation) Words() []Line {
	w := &writer{}
	en, fr := c.kind()
	w.say(0, en+":", fr+" :")
	for _, r := range c.Rules {
		w.say(1, r, r)
	}
	w.say(0, "within "+span(c.Span), "en "+span(c.Span))
	if len(c.GroupBy) > 0 {
		fields := strings.Join(c.GroupBy, ", ")
		w.say(0, "for each value of "+fields+" by itself", "pour chaque valeur de "+fields+" à part")
	}
	for _, b := range c.Bounds {
		n := strconv.FormatFloat(b.Number, 'f', -1, 64)
		w.say(0, comparisons[b.Op][0]+" "+n, comparisons[b.Op][1]+" "+n)
	}
	return w.lines
}

var comparisons = map[string][2]string{"gt": {"more than", "plus de"}, "gte": {"at least", "au moins"}, "lt": {"fewer than", "moins de"},
	"lte": {"at most", "au plus"}, "eq": {"exactly", "exactement"}, "neq": {"any number but", "tout nombre sauf"}}

func (c *Correlation) kind() (en, fr string) {
	switch c.Type {
	case EventCount:
		return "Counts the events that match", "Compte les événements qui correspondent à"
	case ValueCount:
		return "Counts the different values of " + c.Field + " in events that match", "Compte les valeurs différentes de " + c.Field + " dans les événements qui correspondent à"
	case Temporal:
		return "Events match all of these, in any order", "Des événements correspondent à toutes celles-ci, dans n'importe quel ordre"
	case TemporalOrdered:
		return "Events match these one after the other", "Des événements correspondent à celles-ci l'une après l'autre"
	case ValueSum:
		return "Adds up the values of " + c.Field + " in events that match", "Additionne les valeurs de " + c.Field + " dans les événements qui correspondent à"
	case ValueAvg:
		return "Takes the mean of " + c.Field + " in events that match", "Prend la moyenne de " + c.Field + " dans les événements qui correspondent à"
	case ValueMedian:
		return "Takes the median of " + c.Field + " in events that match", "Prend la médiane de " + c.Field + " dans les événements qui correspondent à"
	}
	p := strconv.FormatFloat(c.Percentile, 'f', -1, 64)
	return "Takes percentile " + p + " of " + c.Field + " in events that match", "Prend le centile " + p + " de " + c.Field + " dans les événements qui correspondent à"
}

// span is a time as rules write it: 5m.
func span(d time.Duration) string {
	for _, u := range [...]struct {
		name string
		of   time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}} {
		if d >= u.of && d%u.of == 0 {
			return strconv.FormatInt(int64(d/u.of), 10) + " " + u.name
		}
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}

func (s *Source) words() (en, fr string) {
	var all []string
	for _, x := range [...]string{s.Product, s.Category, s.Service} {
		if x != "" {
			all = append(all, x)
		}
	}
	if len(all) == 0 {
		return "Asked of the events of every log source:", "Demandé des événements de toute source de journaux :"
	}
	of := strings.Join(all, " / ")
	return "Asked of the events of " + of + ":", "Demandé des événements de " + of + " :"
}

type writer struct{ lines []Line }

func (w *writer) say(depth int, en, fr string) {
	switch {
	case len(w.lines) < mostLines:
		w.lines = append(w.lines, Line{depth, en, fr})
	case len(w.lines) == mostLines:
		w.lines = append(w.lines, Line{0, "… and more than can be said here", "… et plus que ce qui peut être dit ici"})
	}
}

// node says a condition.
func (w *writer) node(depth int, n *Node) {
	if en, fr, ok := list(n); ok {
		w.say(depth, en, fr)
		return
	}
	switch n.Op {
	case And:
		w.parts(depth, n.Of, "all of this holds:", "tout ceci est vrai :")
	case Or:
		w.parts(depth, n.Of, "one of these holds:", "l'un de ceux-ci est vrai :")
	case Not:
		w.say(depth, "this does not hold:", "ceci n'est pas vrai :")
		w.node(depth+1, n.Of[0])
	}
}

func (w *writer) parts(depth int, of []*Node, en, fr string) {
	w.say(depth, en, fr)
	for _, x := range of {
		w.node(depth+1, x)
	}
}

// list says a test, or tests that differ in their values alone.
func list(n *Node) (en, fr string, ok bool) {
	if n.Op == Leaf {
		en, fr = n.Test.words([]string{n.Test.value()}, false)
		return en, fr, true
	}
	if n.Op == Not || len(n.Of) == 0 {
		return "", "", false
	}
	var values []string
	first := n.Of[0].Test
	for _, x := range n.Of {
		if x.Op != Leaf || first == nil || x.Test.Field != first.Field || x.Test.How != first.How || x.Test.place() != first.place() || x.Test.Cased != first.Cased {
			return "", "", false
		}
		values = append(values, x.Test.value())
	}
	en, fr = first.words(values, n.Op == And)
	return en, fr, true
}

// place says where in the field a pattern stands.
func (t *Test) place() How {
	if t.How != Like {
		return t.How
	}
	n := len(t.Pattern)
	before, behind := n > 0 && t.Pattern[0].Wild == Any, n > 0 && t.Pattern[n-1].Wild == Any
	switch {
	case n == 3 && before && behind && t.Pattern[1].Wild == Text:
		return Includes
	case n == 2 && before && t.Pattern[1].Wild == Text:
		return Ends
	case n == 2 && behind && t.Pattern[0].Wild == Text:
		return Begins
	}
	return Like
}

// value is what a field is compared with.
func (t *Test) value() string {
	switch t.How {
	case Like:
		switch t.place() {
		case Includes, Ends:
			return quoted(t.Pattern[1].Text)
		case Begins:
			return quoted(t.Pattern[0].Text)
		}
		if s, ok := t.Pattern.Plain(); ok {
			return quoted(s)
		}
		return quoted(t.Pattern.String())
	case Search:
		return "/" + t.Regexp.String() + "/"
	case Within:
		return t.Net.String()
	case Less, LessOrEqual, Greater, GreaterOrEqual, Same:
		return strconv.FormatFloat(t.Number, 'f', -1, 64)
	}
	return t.Other
}

func quoted(s string) string { return "“" + s + "”" }

var ways = map[How][2]string{
	Like: {"is", "est"}, Search: {"fits", "correspond à"}, Within: {"is in the network", "est dans le réseau"}, Less: {"is less than", "est inférieur à"},
	LessOrEqual: {"is at most", "vaut au plus"}, Greater: {"is more than", "est supérieur à"}, GreaterOrEqual: {"is at least", "vaut au moins"},
	Same: {"is", "vaut"}, Null: {"is missing or empty", "manque ou est vide"}, Present: {"is there", "est présent"}, Absent: {"is not there", "est absent"},
	Equal: {"is the same as the field", "est égal au champ"}, Begins: {"begins with", "commence par"}, Ends: {"ends with", "finit par"},
	Includes: {"contains", "contient"},
}

var timeParts = map[Part][2]string{Minute: {"the minute of ", "la minute de "}, Hour: {"the hour of ", "l'heure de "}, Day: {"the day of ", "le jour de "},
	Week: {"the week of ", "la semaine de "}, Month: {"the month of ", "le mois de "}, Year: {"the year of ", "l'année de "}}

func (t *Test) words(values []string, all bool) (en, fr string) {
	field := [2]string{t.Field, t.Field}
	if t.Field == "" {
		field = [2]string{"any field", "un champ quelconque"}
	}
	way := ways[t.place()]
	part := timeParts[t.Part]
	en, fr = part[0]+field[0]+" "+way[0], part[1]+field[1]+" "+way[1]
	if t.How == Null || t.How == Present || t.How == Absent {
		return en, fr
	}
	if t.Other != "" && t.How != Equal {
		en, fr = en+" the field", fr+" le champ"
	}
	slices.Sort(values)
	values = slices.Compact(values)
	if len(values) == 1 {
		return en + " " + values[0], fr + " " + values[0]
	}
	more := ""
	if n := len(values) - mostValues; n > 0 {
		values, more = values[:mostValues], fmt.Sprintf(" … (+%d)", n)
	}
	some := strings.Join(values, ", ") + more
	if all {
		return en + " all of " + some, fr + " tous ceux-ci : " + some
	}
	return en + " one of " + some, fr + " l'un de " + some
}
