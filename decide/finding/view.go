package finding

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/content/attack"
	"bulwark/decide/finding/internal/signal"
	"bulwark/event"
)

// Text is a sentence in both languages.
type Text struct {
	EN string `json:"en"`
	FR string `json:"fr"`
}

// Finding is a finding as people and exports see it.
type Finding struct {
	ID         uint64             `json:"id"`
	Title      string             `json:"title"`
	Rule       string             `json:"rule"` // gid:sid
	Rev        uint64             `json:"rev"`
	Category   string             `json:"category,omitempty"`
	Source     string             `json:"source"`
	Severity   string             `json:"severity"`
	Confidence string             `json:"confidence,omitempty"`
	Techniques []attack.Technique `json:"techniques"`
	Tactics    []attack.Tactic    `json:"tactics,omitempty"` // of the techniques, and those that the rule names itself
	Attack     string             `json:"attack"`            // version of ATT&CK
	Status     Status             `json:"status"`
	Verdict    Verdict            `json:"verdict,omitempty"`
	By         string             `json:"by,omitempty"`
	Reason     string             `json:"reason,omitempty"`
	Judged     time.Time          `json:"judged,omitzero"`
	Until      time.Time          `json:"until,omitzero"`
	Entities   []Entity           `json:"entities"`
	Site       string             `json:"site,omitempty"`
	App        string             `json:"app,omitempty"`
	Port       uint16             `json:"port,omitempty"`
	Proto      string             `json:"proto,omitempty"`
	First      time.Time          `json:"first"`
	Last       time.Time          `json:"last"`
	Count      uint64             `json:"count"`
	Why        Text               `json:"why"`
	Hospital   bool               `json:"hospital,omitempty"`
}

// Entity is somebody or something that a finding is about.
type Entity struct {
	Role   string `json:"role"` // source, target, other
	Kind   string `json:"kind"` // device, address, host, others, user, domain, file, hash, url, ae-title
	Value  string `json:"value"`
	Device uint64 `json:"device,omitempty"`
	Name   string `json:"name,omitempty"`
	Class  string `json:"class,omitempty"`
	Tier   string `json:"tier,omitempty"`
}

// view is an item as it is shown. No lock is held.
func (f *Findings) view(it *item) Finding {
	v := it.bare()
	for n := range v.Entities {
		f.describe(&v.Entities[n])
	}
	v.Why = it.why(v.Entities)
	return v
}

// describe says of a device what it is called.
func (f *Findings) describe(e *Entity) {
	if e.Device == 0 || f.needs.Devices == nil {
		return
	}
	if name, class, tier, ok := f.needs.Devices.Named(e.Device); ok {
		e.Name, e.Class, e.Tier = name, class, tier
	}
}

// bare is an item without what its devices are called.
func (it *item) bare() Finding {
	ru := it.rule
	v := Finding{ID: it.ID, Title: ru.Title, Rule: it.Rule, Rev: ru.Rev, Category: ru.Category, Source: ru.Source, Severity: it.Severity.String(),
		Confidence: ru.Confidence.String(), Techniques: ru.techniques, Tactics: ru.tactics, Attack: attack.Version, Status: it.Word.Status, Verdict: it.Word.Verdict,
		By: it.Word.By, Reason: it.Word.Reason, Judged: it.Word.At, Until: it.Word.Until, Site: it.Site, App: it.App, Port: it.Port,
		First: utc(it.First), Last: utc(it.Last), Count: it.Count, Hospital: ru.Hospital}
	if it.Proto != 0 {
		v.Proto = event.ProtoName(it.Proto)
	}
	v.Entities = entities(&it.Source, &it.Target, it.Others)
	v.Why = it.why(v.Entities)
	return v
}

// entities are the ends, and what else is named.
func entities(src, dst *end, others []signal.Entity) []Entity {
	all := append(src.entities("source"), dst.entities("target")...)
	for _, o := range others {
		all = append(all, Entity{Role: "other", Kind: o.Kind, Value: o.Value})
	}
	return all
}

func (e *end) entities(role string) []Entity {
	switch {
	case e.Many:
		all := []Entity{{Role: role, Kind: "others"}}
		for _, a := range e.Some {
			all = append(all, Entity{Role: role, Kind: "address", Value: a.String()})
		}
		return all
	case e.Device != 0:
		return []Entity{{Role: role, Kind: "device", Value: address(e.Addr), Device: e.Device}}
	case e.Addr.IsValid():
		return []Entity{{Role: role, Kind: "address", Value: e.Addr.String()}}
	case e.Host != "":
		return []Entity{{Role: role, Kind: "host", Value: e.Host}}
	}
	return nil
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// Detail is a finding with all that is known of it.
type Detail struct {
	Finding
	Evidence     Evidence      `json:"evidence"`
	History      []Line        `json:"history"`
	NextSteps    []Text        `json:"next_steps"`
	RuleText     string        `json:"rule_text,omitempty"`
	RulePlace    string        `json:"rule_place,omitempty"`
	RuleSays     *RuleSays     `json:"rule_says,omitempty"`
	References   []Reference   `json:"references"`
	Suppressions []Suppression `json:"suppressions"`
	Related      Related       `json:"related"`
}

// RuleSays is a rule in plain words, a sentence each: what traffic it is about, what must stand where.
type RuleSays struct {
	EN []string `json:"en"`
	FR []string `json:"fr"`
}

// Related is how many further findings are open: of the rule, with this source, with this target.
type Related struct {
	Rule   int `json:"rule"`
	Source int `json:"source"`
	Target int `json:"target"`
}

// Line is a line of a history.
type Line struct {
	Time    time.Time `json:"time"`
	By      string    `json:"by"`
	What    string    `json:"what"`
	Verdict Verdict   `json:"verdict,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Scope   Scope     `json:"scope,omitempty"`
}

// Suppression is what is counted and not shown, as people see it.
type Suppression struct {
	ID       uint64    `json:"id"`
	Scope    Scope     `json:"scope"`
	Rule     string    `json:"rule"`
	Title    string    `json:"title"`
	Verdict  Verdict   `json:"verdict"`
	Entities []Entity  `json:"entities"`
	Reason   string    `json:"reason"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Until    time.Time `json:"until,omitzero"`
	Finding  uint64    `json:"finding,omitempty"`
	Hits     uint64    `json:"hits"`
	Last     time.Time `json:"last,omitzero"`
}

func (f *Findings) viewAll(items []*item) []Finding {
	f.mu.RLock()
	all := make([]item, 0, len(items))
	for _, it := range items[:min(len(items), mostJudged)] {
		all = append(all, it.copy())
	}
	f.mu.RUnlock()
	out := make([]Finding, 0, len(all))
	for n := range all {
		out = append(out, f.view(&all[n]))
	}
	return out
}

func (f *Findings) viewSuppressions(all []*suppression) []Suppression {
	f.mu.RLock()
	out := make([]Suppression, 0, len(all))
	for _, s := range all {
		v := Suppression{ID: s.ID, Scope: s.Scope, Rule: s.Rule, Title: s.Title, Verdict: s.Verdict, Entities: []Entity{}, Reason: s.Reason, By: s.By,
			At: s.At, Until: s.Until, Finding: s.Finding, Hits: s.Hits, Last: s.Last}
		switch s.Scope {
		case Same:
			v.Entities = entities(&s.Source, &s.Target, nil)
		case ByEntity:
			e := Entity{Role: "other", Kind: s.Entity.Kind, Value: s.Entity.Value, Device: s.Entity.Device}
			if e.Device != 0 {
				e.Value = ""
			}
			v.Entities = append(v.Entities, e)
		}
		out = append(out, v)
	}
	f.mu.RUnlock()
	for n := range out {
		for k := range out[n].Entities {
			f.describe(&out[n].Entities[k])
		}
	}
	return out
}

// Suppressions are those of a rule, or all, the newest first.
func (f *Findings) Suppressions(rule string) []Suppression {
	f.mu.RLock()
	all := []*suppression{}
	for id, some := range f.judged {
		if rule == "" || rule == id {
			all = append(all, some...)
		}
	}
	f.mu.RUnlock()
	slices.SortFunc(all, func(a, b *suppression) int { return int(int64(b.ID) - int64(a.ID)) })
	return f.viewSuppressions(all)
}

// Show is all that is known of a finding.
func (f *Findings) Show(ctx context.Context, id uint64) (Detail, error) {
	f.mu.RLock()
	held := f.items[id]
	if held == nil {
		f.mu.RUnlock()
		return Detail{}, fmt.Errorf("%w: %d", ErrNoFinding, id)
	}
	it := held.copy()
	related := f.related(held)
	now := f.needs.Clock.Now()
	var holding []*suppression
	for _, s := range f.judged[it.Rule] {
		if !s.over(now) && s.covers(&it.Source, &it.Target, it.Others) {
			holding = append(holding, s)
		}
	}
	f.mu.RUnlock()
	all, history, err := f.memory(ctx, id)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Finding: f.view(&it), History: []Line{}, Suppressions: f.viewSuppressions(holding), Related: related, References: references(it.rule.References)}
	for _, h := range history {
		d.History = append(d.History, Line{h.Time, h.By, h.What, h.Verdict, h.Reason, h.Until, h.Scope})
	}
	if d.Evidence, err = evidence(&it, all[:]); err != nil {
		return Detail{}, err
	}
	d.NextSteps = steps(&d.Finding)
	if f.needs.Rules != nil {
		if x, ok := f.needs.Rules.RuleText(ctx, it.Rule); ok {
			d.RuleText, d.RulePlace, d.RuleSays = x.Text, x.Place, &RuleSays{x.EN, x.FR}
		}
	}
	return d, nil
}

// related counts the open findings that have something in common with one. The lock is held.
func (f *Findings) related(it *item) (r Related) {
	for _, o := range f.every {
		if o == it || o.Word.Status != Open {
			continue
		}
		if o.Rule == it.Rule {
			r.Rule++
		}
		if !it.Source.Many && o.Source.place() == it.Source.place() {
			r.Source++
		}
		if !it.Target.Many && o.Target.place() == it.Target.place() {
			r.Target++
		}
	}
	return r
}

// Reference is where more is said of a rule.
type Reference struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	URL  string `json:"url,omitempty"`
}

// references reads "system,id", as rules write it.
func references(all []string) []Reference {
	out := []Reference{}
	for _, text := range all {
		kind, id, _ := strings.Cut(text, ",")
		r := Reference{Kind: strings.ToLower(kind), ID: id}
		switch r.Kind {
		case "url":
			r.URL = "https://" + id
			if strings.HasPrefix(id, "http://") || strings.HasPrefix(id, "https://") {
				r.URL = id
			}
		case "cve":
			r.ID = strings.TrimPrefix(strings.ToUpper(id), "CVE-")
			r.URL = "https://nvd.nist.gov/vuln/detail/CVE-" + r.ID
		case "bugtraq":
			r.URL = "https://www.securityfocus.com/bid/" + id
		case "md5":
			r.URL = "https://www.virustotal.com/gui/file/" + id
		case "exploitdb":
			r.URL = "https://www.exploit-db.com/exploits/" + id
		}
		if u, err := url.Parse(r.URL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			r.URL = ""
		}
		out = append(out, r)
	}
	return out
}

// Evidence is what a finding rests on.
type Evidence struct {
	Events  []Event  `json:"events"` // the newest first
	More    uint64   `json:"more"`
	Search  string   `json:"search"` // finds all of them
	Packets *Packets `json:"packets,omitempty"`
}

// Packets is the stretch of the packet ring in which a conversation is.
type Packets struct {
	Flow  string    `json:"flow"`
	Hosts []string  `json:"hosts"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
}

// Event is an event of the evidence.
type Event struct {
	ID         string    `json:"id"`
	Time       time.Time `json:"time"`
	Sensor     string    `json:"sensor"`
	Src        string    `json:"src"`
	SrcPort    uint16    `json:"src_port,omitempty"`
	Dst        string    `json:"dst"`
	DstPort    uint16    `json:"dst_port,omitempty"`
	Proto      string    `json:"proto,omitempty"`
	App        string    `json:"app,omitempty"`
	Flow       string    `json:"flow,omitempty"`
	FromServer bool      `json:"from_server"`
	Tx         uint64    `json:"tx,omitempty"`
	Action     string    `json:"action,omitempty"`
	Packets    string    `json:"packets,omitempty"`
	Record     rawRecord `json:"record,omitempty"`
	Host       string    `json:"host,omitempty"` // machine whose log it is, by its own word
	User       string    `json:"user,omitempty"` // account that the log names
	Of         []string  `json:"of,omitempty"`   // ids of the events that the rule matched
}

// around is how much before and after what matched the packets are fetched.
const around = 30 * time.Second

// evidence reads the events that are kept.
func evidence(it *item, all []witness) (Evidence, error) {
	e := Evidence{Events: []Event{}, Search: search(it)}
	slices.SortFunc(all, func(a, b witness) int { return int(int64(b.place) - int64(a.place)) })
	for _, w := range all {
		if w.place == 0 {
			continue
		}
		x, sensor, err := unpack(w.batch)
		if err != nil {
			return e, fmt.Errorf("evidence of finding %d: %w", it.ID, err)
		}
		v := shown(&x, sensor)
		v.ID = string(w.uid)
		e.Events = append(e.Events, v)
		if e.Packets == nil && x.Flow != 0 {
			from, to := stretch(&x)
			e.Packets = &Packets{Flow: v.Flow, Hosts: []string{v.Src, v.Dst}, From: from, To: to}
		}
	}
	e.More = it.Count - min(it.Count, uint64(len(e.Events)))
	return e, nil
}

// unpack reads the one event of a batch.
func unpack(batch []byte) (event.Event, string, error) {
	var r event.Reader
	var x event.Event
	if err := r.Open(batch); err != nil {
		return x, "", err
	}
	if !r.Next(&x) {
		return x, "", event.ErrBatch
	}
	if _, ok := x.Payload.(*event.Alert); !ok {
		return x, "", event.ErrBatch
	}
	return x, r.Sensor, nil
}

// stretch is when the packets of a conversation were, up to a while after what matched.
func stretch(x *event.Event) (from, to time.Time) {
	a := x.Payload.(*event.Alert)
	from = utc(x.Time).Add(-around)
	if start := utc(int64(a.Start)); a.Start != 0 && start.Before(from) {
		from = start
	}
	return from, utc(x.Time).Add(around)
}

func shown(x *event.Event, sensor string) Event {
	a := x.Payload.(*event.Alert)
	v := Event{Time: utc(x.Time), Sensor: sensor, Src: address(x.Src), SrcPort: x.Ports.Src, Dst: address(x.Dst), DstPort: x.Ports.Dst,
		App: a.App, FromServer: a.FromServer, Tx: a.TxID, Action: a.Action, Record: recordOf(a.Record),
		Host: a.Host, User: a.User, Of: a.Evidence}
	if x.Proto != 0 {
		v.Proto = event.ProtoName(x.Proto)
	}
	if x.Flow != 0 {
		v.Flow = strconv.FormatUint(x.Flow, 10)
		from, to := stretch(x)
		v.Packets = "/api/packets?" + url.Values{"flow": {v.Flow}, "from": {from.Format(time.RFC3339)}, "to": {to.Add(time.Second).Format(time.RFC3339)}}.Encode()
	}
	return v
}

// search finds all events of a finding.
func search(it *item) string {
	gid, sid, _ := strings.Cut(it.Rule, ":")
	q := "kind:alert alert.gid:" + gid + " alert.sid:" + sid
	if it.rule.Source == ofLogs {
		q = `kind:alert rule:"` + it.Rule + `"`
	}
	for _, e := range [...]*end{&it.Source, &it.Target} {
		switch {
		case e.Host != "":
			q += ` device.hostname:"` + e.Host + `"`
		case e.Many || !e.Addr.IsValid():
		case len(e.Some) == 0:
			q += ` ip:"` + e.Addr.String() + `"`
		default: // a device that was elsewhere before
			q += ` ip:("` + e.Addr.String() + `"`
			for _, a := range e.Some {
				q += ` or "` + a.String() + `"`
			}
			q += ")"
		}
	}
	return q
}
