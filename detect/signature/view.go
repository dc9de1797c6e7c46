package signature

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/detect/signature/internal/rule"
)

// Item is a rule as lists show it.
type Item struct {
	ID         string    `json:"id"` // "" where it could not be read so far, or another rule has its number
	GID        uint32    `json:"gid"`
	SID        uint32    `json:"sid"`
	Rev        uint32    `json:"rev"`
	Title      string    `json:"title"`
	Source     string    `json:"source"`
	Place      string    `json:"place"`
	State      string    `json:"state"`
	Reason     *Text     `json:"reason,omitempty"`
	Enabled    bool      `json:"enabled"`
	Action     string    `json:"action"`
	Protocol   string    `json:"protocol"`
	Class      string    `json:"class"`
	Severity   string    `json:"severity"`
	Techniques []string  `json:"techniques"`
	Fired      uint64    `json:"fired"`
	Last       time.Time `json:"last,omitzero"`
	Checked    uint64    `json:"checked"`
	Cost       uint64    `json:"cost"`
	Share      float64   `json:"share"`
	Verdicts   *Verdicts `json:"verdicts,omitempty"`
}

// Cost is what a rule took since the program began.
type Cost struct {
	Checked uint64 // evaluations
	Matched uint64 // of them those that held
	Sampled uint64 // evaluations that were timed
	Nanos   uint64 // what these took
}

// Page is a part of the rules that a query asks for.
type Page struct {
	Items  []Item     `json:"items"`
	Total  int        `json:"total"`
	Next   string     `json:"next,omitempty"`
	Facets PageFacets `json:"facets"`
	Set    SetView    `json:"set"`
}

// PageFacets are how many rules there are of each, of those that the rest of the query asks for.
type PageFacets struct {
	State  map[string]int `json:"state"`
	Source map[string]int `json:"source"`
	Class  []Counted      `json:"class"`
}

// Counted is a name with how many there are.
type Counted struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// SetView is what is in force.
type SetView struct {
	Rules   int       `json:"rules"`
	Since   time.Time `json:"since"`
	LoadMS  float64   `json:"load_ms"`
	Skipped int       `json:"skipped"` // rules that ask for what this program does not have
	Lost    int       `json:"lost"`    // rejected rules beyond those that are listed
}

// Limits of lists.
const (
	usualPage = 100
	maxPage   = 500
	maxFacet  = 50
)

// state is how a rule does: in force, and perhaps noisy or blind.
func (b *Rulebook) state(e *entry, now time.Time) (string, Text) {
	if e.state != Loaded {
		return e.state, e.reason
	}
	if len(e.unset) > 0 {
		return Blind, Text{fmt.Sprintf("It waits for the mark %q, which no rule in force sets.", e.unset[0]),
			fmt.Sprintf("Elle attend la marque « %s », qu'aucune règle en vigueur ne pose.", e.unset[0])}
	}
	if why, blind := b.unseen(e, now); blind {
		return Blind, why
	}
	if f := b.fired[e.ID]; f != nil {
		if rate, alone := f.rate(now); rate > e.rate && alone >= mostlyAlone {
			return Noisy, Text{fmt.Sprintf("It fired %.0f times within an hour, and nothing else spoke of %.0f %% of it.", rate, alone*100),
				fmt.Sprintf("Elle s'est déclenchée %.0f fois en une heure, et rien d'autre ne parlait de %.0f %% de cela.", rate, alone*100)}
		}
	}
	return Loaded, Text{}
}

// item shows a rule. The lock is held.
func (b *Rulebook) item(e *entry, now time.Time, all float64) Item {
	i := Item{ID: e.name(), GID: e.GID, SID: e.SID, Rev: e.rev, Title: e.title, Source: e.source, Place: e.place, Enabled: e.state != Disabled,
		Action: e.action, Protocol: e.protocol, Class: e.class, Severity: e.severity, Techniques: e.techniques}
	if i.Techniques == nil {
		i.Techniques = []string{}
	}
	var why Text
	if i.State, why = b.state(e, now); why.EN != "" {
		i.Reason = &why
	}
	if f := b.fired[e.ID]; f != nil && i.ID != "" {
		i.Fired, i.Last = f.Count, f.Last
	}
	if c, ok := b.counts[e.ID]; ok && i.ID != "" {
		i.Checked = c.Checked
		i.Cost, i.Share = c.mean(), share(c.total(), all)
	}
	return i
}

func (c Cost) mean() uint64 {
	if c.Sampled == 0 {
		return 0
	}
	return c.Nanos / c.Sampled
}

// total is what all evaluations took, as far as the timed ones tell; ns.
func (c Cost) total() float64 {
	if c.Sampled == 0 {
		return 0
	}
	return float64(c.Nanos) / float64(c.Sampled) * float64(c.Checked)
}

func share(part, all float64) float64 {
	if all == 0 {
		return 0
	}
	return part / all
}

// ErrQuery means that a list is asked for in a way that is not understood.
var ErrQuery = errors.New("signature: bad query")

// List is the part of the rules that a query asks for; see docs for its words.
func (b *Rulebook) List(ctx context.Context, q url.Values) (Page, error) {
	limit, skip, err := window(q)
	if err != nil {
		return Page{}, err
	}
	order, ok := orders[q.Get("sort")]
	if !ok {
		return Page{}, fmt.Errorf("%w: sort is id, fired, cost or last", ErrQuery)
	}
	now := b.Clock.Now()
	b.mu.RLock()
	p := Page{Items: []Item{}, Set: SetView{Rules: b.now.put.Loaded, Since: b.now.since, LoadMS: b.now.put.took, Skipped: b.now.skipped, Lost: b.now.lost},
		Facets: PageFacets{State: map[string]int{Loaded: 0, Rejected: 0, Disabled: 0, Noisy: 0, Blind: 0}, Source: map[string]int{}}}
	total := 0.0
	for _, c := range b.counts {
		total += c.total()
	}
	words := strings.Fields(strings.ToLower(q.Get("q")))
	var all []Item
	classes := map[string]int{}
	for i := range b.now.items {
		e := &b.now.items[i]
		if !e.meets(q, words) {
			continue
		}
		x := b.item(e, now, total)
		fits := func(name, value string) bool {
			want := q[name]
			return len(want) == 0 || want[0] == "" || slices.Contains(want, value)
		}
		ofState, ofSource := fits("state", x.State), fits("source", x.Source)
		if ofSource {
			p.Facets.State[x.State]++
		}
		if ofState {
			p.Facets.Source[x.Source]++
		}
		if ofState && ofSource {
			classes[x.Class]++
			all = append(all, x)
		}
	}
	b.mu.RUnlock()
	if order != nil {
		slices.SortStableFunc(all, order)
	}
	p.Total, p.Facets.Class = len(all), most(classes)
	p.Items = append(p.Items, all[min(skip, len(all)):min(skip+limit, len(all))]...)
	if skip+limit < len(all) {
		p.Next = strconv.Itoa(skip + limit)
	}
	return p, b.addVerdicts(ctx, p.Items)
}

var orders = map[string]func(a, b Item) int{
	"": nil, "id": nil,
	"fired": func(a, b Item) int { return cmp.Compare(b.Fired, a.Fired) },
	"cost":  func(a, b Item) int { return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.Cost, a.Cost)) },
	"last":  func(a, b Item) int { return b.Last.Compare(a.Last) },
}

// window is how many items are asked for, and how many before them are left out.
func window(q url.Values) (limit, skip int, err error) {
	limit = usualPage
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxPage {
			return 0, 0, fmt.Errorf("%w: limit is 1 to %d", ErrQuery, maxPage)
		}
	}
	if text := q.Get("after"); text != "" {
		if skip, err = strconv.Atoi(text); err != nil || skip < 0 || skip > math.MaxInt32 {
			return 0, 0, fmt.Errorf("%w: after is the next of the page before", ErrQuery)
		}
	}
	return limit, skip, nil
}

// meets reports whether a rule is what a query asks for, state and source aside.
func (e *entry) meets(q url.Values, words []string) bool {
	if t := strings.ToUpper(q.Get("technique")); t != "" && !e.does(t) {
		return false
	}
	if c := q.Get("class"); c != "" && e.class != c {
		return false
	}
	for _, w := range words {
		if !strings.Contains(e.search, w) {
			return false
		}
	}
	return true
}

// does reports whether a rule names a technique, a part of it, or one of a tactic.
func (e *entry) does(id string) bool {
	return slices.Contains(e.tactics, id) || slices.ContainsFunc(e.techniques, func(t string) bool { return t == id || strings.HasPrefix(t, id+".") })
}

func most(all map[string]int) []Counted {
	list := []Counted{}
	for name, n := range all {
		if name != "" {
			list = append(list, Counted{name, n})
		}
	}
	slices.SortFunc(list, func(a, b Counted) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name)) })
	return list[:min(len(list), maxFacet)]
}

// addVerdicts asks for what people said of the rules of a page.
func (b *Rulebook) addVerdicts(ctx context.Context, items []Item) error {
	if b.Verdicts == nil || len(items) == 0 {
		return nil
	}
	var ids []ID
	for i := range items {
		if items[i].ID != "" {
			ids = append(ids, ID{items[i].GID, items[i].SID})
		}
	}
	all, err := b.Verdicts(ctx, ids)
	if err != nil {
		return err
	}
	for i := range items {
		if v, ok := all[ID{items[i].GID, items[i].SID}]; ok && items[i].ID != "" {
			items[i].Verdicts = &v
		}
	}
	return nil
}

// Detail is all that is known of a rule.
type Detail struct {
	Item
	Text       string          `json:"text"`
	Explain    Explained       `json:"explain"`
	References []Reference     `json:"references"`
	Metadata   []Pair          `json:"metadata"`
	Variables  []Variable      `json:"variables"`
	Bits       []BitView       `json:"bits"`
	Decided    *Decided        `json:"decided,omitempty"`
	Overrides  []OverrideView  `json:"overrides"`
	List       []VerdictOnRule `json:"verdict_list"`
}

// Explained is a rule in plain words, a sentence each.
type Explained struct {
	EN []string `json:"en"`
	FR []string `json:"fr"`
}

// Reference is where more is said.
type Reference struct {
	System string `json:"system"`
	ID     string `json:"id"`
	URL    string `json:"url,omitempty"`
}

// Pair is a key with a value.
type Pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Variable is what a variable of a rule stands for.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// BitView is a mark that rules set and ask for.
type BitView struct {
	Name    string   `json:"name"`
	Of      string   `json:"of"`
	Does    string   `json:"does"`
	SetBy   []string `json:"set_by"`
	AskedBy []string `json:"asked_by"`
}

// Decided is what a person decided of a rule.
type Decided struct {
	Who     string    `json:"who"`
	When    time.Time `json:"when"`
	Reason  string    `json:"reason"`
	Enabled bool      `json:"enabled"`
	Rules   string    `json:"rules"`
}

// OverrideView is a line of threshold.config that is about a rule.
type OverrideView struct {
	Place string `json:"place"`
	Text  string `json:"text"`
}

// Show is all that is known of a rule.
func (b *Rulebook) Show(ctx context.Context, id ID) (Detail, error) {
	b.mu.RLock()
	ed, decisions := b.now, b.decisions
	i, ok := ed.byID[id]
	if !ok {
		b.mu.RUnlock()
		return Detail{}, fmt.Errorf("%w: %s", ErrNoRule, id)
	}
	e := &ed.items[i]
	d := Detail{Item: b.item(e, b.Clock.Now(), b.allCosts()), Text: e.text, References: []Reference{}, Metadata: []Pair{}, Variables: []Variable{},
		Bits: []BitView{}, Overrides: []OverrideView{}, List: []VerdictOnRule{}, Explain: Explained{[]string{}, []string{}}}
	b.mu.RUnlock()
	if b.Verdicts != nil {
		all, err := b.Verdicts(ctx, []ID{id})
		if err != nil {
			return Detail{}, err
		}
		if v, ok := all[id]; ok {
			d.Verdicts, d.List = &v, append(d.List, v.List...)
		}
	}
	r, err := ed.put.Rules.parser().Rule(e.text, e.place)
	if err == nil {
		d.tell(ed, r, e.source, decisions)
	}
	return d, nil
}

// allCosts is what all rules took. The lock is held.
func (b *Rulebook) allCosts() float64 {
	total := 0.0
	for _, c := range b.counts {
		total += c.total()
	}
	return total
}

// tell adds what the rule itself says.
func (d *Detail) tell(ed *edition, r *rule.Rule, source string, decisions []Decision) {
	d.Explain = explain(r, ed)
	for _, p := range r.References {
		x := Reference{System: p.Key, ID: p.Value}
		if before, ok := ed.systems[strings.ToLower(p.Key)]; ok {
			x.URL = before + p.Value
		} else if strings.EqualFold(p.Key, "url") {
			x.URL = "https://" + p.Value
		}
		if !strings.HasPrefix(x.URL, "http://") && !strings.HasPrefix(x.URL, "https://") {
			x.URL = ""
		}
		d.References = append(d.References, x)
	}
	for _, p := range r.Metadata {
		d.Metadata = append(d.Metadata, Pair{p.Key, p.Value})
	}
	d.Variables = variablesIn(r.Text, ed.put.Rules.Vars)
	for _, bit := range r.Bits {
		for _, name := range bit.Names {
			v := BitView{Name: name, Of: strings.ReplaceAll(bitName(bit.Of, name), "\x00"+name, ""), Does: bit.Do,
				SetBy: idNames(ed.setters[bitName(bit.Of, name)]), AskedBy: idNames(ed.askers[bitName(bit.Of, name)])}
			d.Bits = append(d.Bits, v)
		}
	}
	for i := range ed.override {
		if o := &ed.override[i]; o.About(r.GID, r.SID) {
			d.Overrides = append(d.Overrides, OverrideView{o.Pos.String(), o.Text})
		}
	}
	judge, err := newJudge(decisions)
	if err != nil {
		return
	}
	if x, ok := judge(r, source); ok {
		d.Decided = &Decided{x.Who, x.When, x.Reason, x.Enabled, x.Rules}
	}
}

// maxBitRules is how many rules are named that share a mark.
const maxBitRules = 20

func idNames(ids []ID) []string {
	names := []string{}
	for _, id := range ids[:min(len(ids), maxBitRules)] {
		names = append(names, id.String())
	}
	return names
}

// variablesIn are the variables that the head of a rule names.
func variablesIn(text string, vars Vars) []Variable {
	head, _, _ := strings.Cut(text, "(")
	list := []Variable{}
	v := rule.DefaultVars().With(vars.Addresses, vars.Ports)
	for _, word := range strings.FieldsFunc(head, func(r rune) bool { return strings.ContainsRune(" ,![]\t", r) }) {
		name, ok := strings.CutPrefix(word, "$")
		if !ok || slices.ContainsFunc(list, func(x Variable) bool { return x.Name == word }) {
			continue
		}
		value, ok := v.Addresses[name]
		if !ok {
			value = v.Ports[name]
		}
		list = append(list, Variable{word, value})
	}
	return list
}
