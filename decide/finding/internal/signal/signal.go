// Package signal reads what a detector tells: which rule matched, between whom, and how bad that is. It is pure.
package signal

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"bulwark/content/attack"
	"bulwark/event"
)

// Severity is how bad a finding is. Its zero value is informational.
type Severity uint8

// The severities.
const (
	Informational Severity = iota
	Low
	Medium
	High
	Critical
)

// Severities are their names, the worst first.
func Severities() []string {
	all := event.Severities()
	slices.Reverse(all)
	return all
}

func (s Severity) String() string { return event.SeverityName(s) }

// SeverityOf is the severity of that name.
func SeverityOf(name string) (Severity, bool) {
	n := slices.Index(event.Severities(), name)
	return Severity(max(n, 0)), n >= 0
}

// Confidence is how sure a rule is of what it says. Zero: it does not say.
type Confidence uint8

// The confidences.
const (
	Unsaid Confidence = iota
	Weak
	Fair
	Strong
)

func (c Confidence) String() string { return [...]string{"", "low", "medium", "high"}[c&3] }

// Score is a confidence out of 100; 0 where it is not said.
func (c Confidence) Score() uint64 { return [...]uint64{0, 25, 50, 75}[c&3] }

// Rule is what a signal says of the rule that it is of.
type Rule struct {
	ID         string     `json:"id"` // gid:sid, or that of a rule about events
	Rev        uint64     `json:"rev,omitempty"`
	Source     string     `json:"source"` // what looked: signature or log
	Title      string     `json:"title"`
	Category   string     `json:"category,omitempty"`
	Priority   uint64     `json:"priority,omitempty"`
	Severity   Severity   `json:"severity"`
	Confidence Confidence `json:"confidence,omitempty"`
	Techniques []string   `json:"techniques,omitempty"` // as the rule names them
	Tactics    []string   `json:"tactics,omitempty"`    // where it names no technique
	References []string   `json:"references,omitempty"` // "system,id"
	Client     bool       `json:"client,omitempty"`     // the client is who is attacked
	Server     bool       `json:"server,omitempty"`     // the server is
	Hospital   bool       `json:"hospital,omitempty"`   // it is shipped with Bulwark
}

// The numbers of the rules that are shipped with Bulwark.
const (
	shippedFirst = 9_000_000
	shippedLast  = 9_009_999
)

// Bounds of what is taken from a rule.
const (
	maxTitle      = 300 // bytes
	maxList       = 16
	maxEntities   = 8
	maxValue      = 256 // bytes
	MaxRecord     = 16 << 10
	maxReferences = 16
)

// RuleID names the rule of an alert.
func RuleID(a *event.Alert) string {
	if a.Rule != "" {
		return Clip(a.Rule, maxValue)
	}
	return strconv.FormatUint(a.GID, 10) + ":" + strconv.FormatUint(a.SID, 10)
}

// Number is the gid and the sid of a rule's id; false: it has none.
func Number(id string) (n [2]uint64, ok bool) {
	gid, sid, _ := strings.Cut(id, ":")
	g, err := strconv.ParseUint(gid, 10, 64)
	s, err2 := strconv.ParseUint(sid, 10, 64)
	return [2]uint64{g, s}, err == nil && err2 == nil
}

// RuleOf is what an alert says of its rule. Its texts are its own.
func RuleOf(a *event.Alert) *Rule {
	r := &Rule{ID: RuleID(a), Rev: a.Rev, Source: "signature", Title: Clip(a.Title, maxTitle), Category: Clip(a.Category, maxTitle),
		Priority: a.Severity, Severity: ofPriority(a.Severity), Hospital: a.GID == 1 && a.SID >= shippedFirst && a.SID <= shippedLast}
	if a.Rule != "" {
		r.Source = "log"
	}
	for _, m := range a.Metadata {
		key, value, _ := strings.Cut(m, " ")
		r.says(strings.ToLower(key), strings.TrimSpace(value))
	}
	for _, x := range a.References[:min(len(a.References), maxReferences)] {
		r.References = append(r.References, Clip(x, maxTitle))
	}
	return r
}

// says takes one word of metadata, as the rules of Emerging Threats write them.
func (r *Rule) says(key, value string) {
	switch key {
	case "signature_severity":
		if s, ok := ofWord(strings.ToLower(value)); ok {
			r.Severity = s
		}
	case "confidence":
		switch strings.ToLower(value) {
		case "low":
			r.Confidence = Weak
		case "medium":
			r.Confidence = Fair
		case "high":
			r.Confidence = Strong
		}
	case "mitre_technique_id":
		id := strings.ReplaceAll(strings.ToUpper(value), "_", ".")
		if attack.Valid(id) && len(r.Techniques) < maxList && !slices.Contains(r.Techniques, id) {
			r.Techniques = append(r.Techniques, strings.Clone(id))
		}
	case "mitre_tactic_id":
		id := strings.ToUpper(value)
		if attack.ValidTactic(id) && len(r.Tactics) < maxList && !slices.Contains(r.Tactics, id) {
			r.Tactics = append(r.Tactics, strings.Clone(id))
		}
	case "attack_target":
		value = strings.ToLower(value)
		r.Client = strings.HasPrefix(value, "client_endpoint") || value == "mobile_client"
		r.Server = strings.HasSuffix(value, "server") && !strings.HasPrefix(value, "client")
	}
}

// ofPriority is the severity of a rule's priority, of which 1 is the highest.
func ofPriority(p uint64) Severity {
	switch p {
	case 1:
		return High
	case 2:
		return Medium
	case 3:
		return Low
	}
	return Informational
}

// ofWord is the severity of what rules call signature_severity.
func ofWord(word string) (Severity, bool) {
	switch word {
	case "critical":
		return Critical, true
	case "major", "high":
		return High, true
	case "medium":
		return Medium, true
	case "minor", "low":
		return Low, true
	case "informational", "info", "audit":
		return Informational, true
	}
	return 0, false // unknown: the priority says it
}

// Ends are between whom a rule matched.
type Ends struct {
	Source netip.Addr // who did it
	Target netip.Addr // to whom
	Sender netip.Addr // who sent what matched: one of both
	Port   uint16     // of who was called
}

// EndsOf are the ends of an alert. Who is attacked is what the rule's target says, else its metadata attack_target, else
// who was sent what matched.
func EndsOf(h *event.Header, a *event.Alert, r *Rule) Ends {
	from, to := h.Src, h.Dst
	if a.FromServer {
		from, to = to, from
	}
	e := Ends{Source: from, Target: to, Sender: from, Port: h.Ports.Dst}
	if h.Proto != 6 && h.Proto != 17 && h.Proto != 132 {
		e.Port = 0
	}
	switch {
	case a.Target == "src":
		e.Source, e.Target = to, from
	case a.Target == "dest":
	case r.Client:
		e.Source, e.Target = h.Dst, h.Src
	case r.Server:
		e.Source, e.Target = h.Src, h.Dst
	}
	return e
}

// Entity is something else that a signal is about.
type Entity struct {
	Kind  string `json:"kind"` // user, domain, file, hash, url, ae-title
	Value string `json:"value"`
}

// named are the fields of a record, as EVE has them, that name something.
var named = [...]struct{ path, kind string }{
	{"http.hostname", "domain"}, {"tls.sni", "domain"}, {"quic.sni", "domain"}, {"dns.rrname", "domain"}, {"dns.query.rrname", "domain"}, {"dns.queries.rrname", "domain"},
	{"fileinfo.filename", "file"}, {"smb.filename", "file"}, {"fileinfo.sha256", "hash"}, {"fileinfo.md5", "hash"},
	{"smb.ntlmssp.user", "user"}, {"krb5.cname", "user"}, {"rdp.cookie", "user"}, {"ftp.user", "user"},
	{"dicom.calling_ae", "ae-title"}, {"dicom.called_ae", "ae-title"},
}

// Named are the things that a record names.
func Named(record string) []Entity {
	if record == "" || len(record) > MaxRecord {
		return nil
	}
	var all map[string]any
	if json.Unmarshal([]byte(record), &all) != nil {
		return nil
	}
	var out []Entity
	for _, n := range named {
		out = gather(out, all, strings.Split(n.path, "."), n.kind)
	}
	return out
}

// gather adds the texts at a path, of all members where one of its steps is a list.
func gather(out []Entity, v any, path []string, kind string) []Entity {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			out = gather(out, x, path, kind)
		}
	case map[string]any:
		if len(path) > 0 {
			return gather(out, v[path[0]], path[1:], kind)
		}
	case string:
		if len(path) == 0 {
			return Add(out, Entity{kind, v})
		}
	}
	return out
}

// Add adds an entity that is not there yet, within bounds.
func Add(all []Entity, e Entity) []Entity {
	e.Value = Clip(strings.TrimSpace(e.Value), maxValue)
	if e.Value == "" || len(all) >= maxEntities || slices.Contains(all, e) {
		return all
	}
	return append(all, e)
}

// Clip is a copy of a text without what no text has, of at most n bytes.
func Clip(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return strings.Clone(s)
}
