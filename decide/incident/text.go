package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/decide/incident/story"
)

// Text is a sentence in both languages.
type Text struct {
	EN string `json:"en"`
	FR string `json:"fr"`
}

func both(s string) Text { return Text{s, s} }

func (t Text) plus(o Text) Text { return Text{t.EN + o.EN, t.FR + o.FR} }

// name is what an entity is called.
func (i *Incidents) name(entity string) Text {
	kind, value, _ := strings.Cut(entity, ":")
	switch kind {
	case "device":
		id, _ := deviceOf(entity)
		if i.needs.Devices != nil {
			if d, ok := i.needs.Devices.Device(id); ok && d.Name != "" {
				return both(d.Name)
			}
		}
		return Text{"device " + value, "l’équipement " + value}
	case "user":
		return Text{"user " + value, "l’utilisateur " + value}
	case "domain":
		return Text{"the name " + value, "le nom " + value}
	}
	return both(value)
}

// title is what an incident is called: what a person says, else its gravest finding and whom it is about.
func (i *Incidents) title(it *item) Text {
	if it.Word.Title != "" {
		return both(it.Word.Title)
	}
	var gravest *story.Join
	for n := range it.Story.Joins {
		if j := &it.Story.Joins[n]; j.Why != story.Context && (gravest == nil || j.Severity > gravest.Severity || j.Severity == gravest.Severity && j.Score > gravest.Score) {
			gravest = j
		}
	}
	if gravest == nil {
		return Text{"Nothing is left in it", "Il ne contient plus rien"}
	}
	what, who := cmp.Or(gravest.Title, gravest.Rule), i.name(cmp.Or(gravest.To, gravest.Entity))
	t := Text{what + " on " + who.EN, what + " sur " + who.FR}
	if n := len(it.members()) - 1; n == 1 {
		t = t.plus(Text{" and one other", " et un autre"})
	} else if n > 1 {
		t = t.plus(Text{fmt.Sprintf(" and %d others", n), fmt.Sprintf(" et %d autres", n)})
	}
	return t
}

// because is why a join is in its incident.
func (i *Incidents) because(j *story.Join) Text {
	who, via := i.name(j.Entity), i.name(j.Via)
	switch j.Why {
	case story.Opened:
		return Text{fmt.Sprintf("With it the risk of %s reached %.1f, which opened the incident.", who.EN, j.Risk),
			fmt.Sprintf("Avec elle, le risque de %s a atteint %s, ce qui a ouvert l’incident.", who.FR, comma(j.Risk))}
	case story.Built:
		return Text{fmt.Sprintf("It is part of the risk with which %s came in.", who.EN), fmt.Sprintf("Elle fait partie du risque avec lequel %s est entré.", who.FR)}
	case story.OfEntity:
		return Text{fmt.Sprintf("It is about %s, which was in the incident already.", who.EN), fmt.Sprintf("Elle concerne %s, déjà dans l’incident.", who.FR)}
	case story.Shared:
		return Text{fmt.Sprintf("It names %s, which was in the incident already.", via.EN), fmt.Sprintf("Elle nomme %s, déjà dans l’incident.", via.FR)}
	case story.OfRule:
		return Text{fmt.Sprintf("The same rule had found something in the incident shortly before, and the risk of %s was %.1f.", who.EN, j.Risk),
			fmt.Sprintf("La même règle avait trouvé quelque chose dans l’incident peu avant, et le risque de %s était de %s.", who.FR, comma(j.Risk))}
	case story.OfTime:
		return Text{fmt.Sprintf("The risk of %s reached %.1f within the hour, and that is rare at this site.", who.EN, j.Risk),
			fmt.Sprintf("Le risque de %s a atteint %s dans l’heure, ce qui est rare sur ce site.", who.FR, comma(j.Risk))}
	case story.Context:
		return Text{"It is rare, and happened while this grave incident went on. It may have nothing to do with it.",
			"Elle est rare et s’est produite pendant cet incident grave. Elle n’a peut-être rien à voir avec lui."}
	}
	return Text{"A person put it there.", "Une personne l’a placée là."}
}

// comma is a number as it is written in French.
func comma(v float64) string { return strings.Replace(fmt.Sprintf("%.1f", v), ".", ",", 1) }

// novelty is how new a join was.
func novelty(j *story.Join) Text {
	switch j.New {
	case story.ToSite:
		return Text{" The site had never seen this.", " Le site ne l’avait jamais vu."}
	case story.ToEntity:
		return Text{" This had never been seen of it.", " On ne l’avait jamais vu chez lui."}
	}
	return Text{}
}

// why is why an incident opened or grew last.
func (i *Incidents) why(it *item) Text {
	for n := len(it.Story.Joins) - 1; n >= 0; n-- {
		if j := &it.Story.Joins[n]; j.Why != story.Context && j.Why != story.Built {
			what := cmp.Or(j.Title, j.Rule)
			return Text{"“" + what + "”: ", "« " + what + " » : "}.plus(i.because(j))
		}
	}
	return Text{"Nothing is left in it.", "Il ne contient plus rien."}
}

// riskWhy is why an entity weighs what it does.
func (i *Incidents) riskWhy(s *site, entity string, risk float64) Text {
	if s == nil || risk < 0.01 {
		return Text{"Nothing was found of it of late.", "Rien n’a été trouvé à son sujet récemment."}
	}
	what := strings.Join(s.Leading(entity, 3), "”, “")
	return Text{fmt.Sprintf("It weighs %.1f, which halves every hour: “%s”.", risk, what),
		fmt.Sprintf("Il pèse %s, ce qui diminue de moitié chaque heure : « %s ».", comma(risk), strings.ReplaceAll(what, "”, “", " », « "))}
}

// Sentence is a sentence of a story.
type Sentence struct {
	At time.Time `json:"at"`
	Text
	Burst   uint64 `json:"burst,omitempty"`
	Finding string `json:"finding,omitempty"`
	Stage   string `json:"stage,omitempty"`
}

// mostSentences is how long a story is; what does not fit is counted in it.
const mostSentences = 60

// tale tells what happened, in order: how it began, who did what to whom, and why it matters for care.
func (i *Incidents) tale(it *item) []Sentence {
	joins := it.telling()
	if len(joins) == 0 {
		return []Sentence{}
	}
	all := []Sentence{i.beginning(it, joins)}
	for n, j := range joins {
		if n == mostSentences {
			rest := len(joins) - n
			all = append(all, Sentence{At: when(j.At), Text: Text{fmt.Sprintf("And %d further things.", rest), fmt.Sprintf("Et %d autres faits.", rest)}})
			break
		}
		s := Sentence{At: when(j.At), Text: i.sentence(j), Burst: j.Burst}
		if len(j.Findings) > 0 {
			s.Finding = j.Findings[0]
		}
		if len(j.Tactics) > 0 {
			s.Stage = j.Tactics[0]
		}
		all = append(all, s)
	}
	return append(all, Sentence{At: when(it.Story.Last), Text: i.clinical(it).Text})
}

// telling are the joins that a story tells, in order: one for each finding, though it is about both its ends; context is left out.
func (it *item) telling() (all []*story.Join) {
	told := map[string]bool{}
	for n := range it.Story.Joins {
		j := &it.Story.Joins[n]
		id := fmt.Sprint(j.Rule, "\x1f", j.From, "\x1f", j.To)
		if j.From == "" && j.To == "" {
			id += j.Entity
		}
		if j.Why == story.Context || told[id] {
			continue
		}
		told[id] = true
		all = append(all, j)
	}
	slices.SortStableFunc(all, func(a, b *story.Join) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Burst, b.Burst)) })
	return all
}

// beginning is the first sentence of a story.
func (i *Incidents) beginning(it *item, joins []*story.Join) Sentence {
	who := i.name(cmp.Or(joins[0].From, joins[0].Entity))
	took := time.Duration(it.Story.Last - it.Story.First).Round(time.Second)
	t := Text{fmt.Sprintf("It began with %s. ", who.EN), fmt.Sprintf("Tout a commencé avec %s. ", who.FR)}
	if it.Story.After != 0 {
		t = t.plus(Text{fmt.Sprintf("It continues incident %d. ", it.Story.After), fmt.Sprintf("C’est la suite de l’incident %d. ", it.Story.After)})
	}
	members, findings := len(it.members()), it.findings()
	t = t.plus(Text{fmt.Sprintf("Findings: %d; devices, addresses and users: %d; time: %v.", findings, members, took),
		fmt.Sprintf("Constats : %d ; équipements, adresses et utilisateurs : %d ; durée : %v.", findings, members, took)})
	if traffic, logs := toldBy(joins); traffic > 0 && logs > 0 {
		t = t.plus(Text{fmt.Sprintf(" The sensor saw it (%s), and logs tell of it (%s).", times(traffic, "finding", "findings"), times(logs, "finding", "findings")),
			fmt.Sprintf(" Le capteur l’a vu (%s) et des journaux le disent (%s).", times(traffic, "constat", "constats"), times(logs, "constat", "constats"))})
	}
	return Sentence{At: when(it.Story.First), Text: t}
}

// toldBy counts what rules about traffic found, and rules about logs. Those about traffic have numbers: 1:9000501.
func toldBy(joins []*story.Join) (traffic, logs int) {
	for _, j := range joins {
		gid, sid, _ := strings.Cut(j.Rule, ":")
		_, err := strconv.ParseUint(gid, 10, 32)
		_, err2 := strconv.ParseUint(sid, 10, 32)
		if err == nil && err2 == nil {
			traffic++
		} else {
			logs++
		}
	}
	return traffic, logs
}

func times(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", more)
}

// sentence tells one join.
func (i *Incidents) sentence(j *story.Join) Text {
	what := cmp.Or(j.Title, j.Rule)
	var t Text
	switch from, to := i.name(j.From), i.name(j.To); {
	case j.From != "" && j.To != "":
		t = Text{fmt.Sprintf("%s set off “%s” against %s.", from.EN, what, to.EN), fmt.Sprintf("%s a déclenché « %s » contre %s.", from.FR, what, to.FR)}
	case j.From != "":
		t = Text{fmt.Sprintf("%s set off “%s” against several.", from.EN, what), fmt.Sprintf("%s a déclenché « %s » contre plusieurs.", from.FR, what)}
	default:
		who := i.name(j.Entity)
		t = Text{fmt.Sprintf("“%s” was found on %s.", what, who.EN), fmt.Sprintf("« %s » a été constaté sur %s.", what, who.FR)}
	}
	t.EN, t.FR = upper(t.EN), upper(t.FR)
	for _, id := range j.Tactics[:min(1, len(j.Tactics))] {
		if x, ok := i.attack.Tactic(id); ok {
			t = t.plus(Text{" Stage of the attack: " + x.Name + ".", " Étape de l’attaque : " + x.French + "."})
		}
	}
	return t.plus(novelty(j))
}

func upper(s string) string {
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// Clinical is what an incident means for care.
type Clinical struct {
	Text    Text     `json:"text"`
	Devices []Entity `json:"devices"` // of tiers 0 to 2 and of none that is known, the gravest first
	Gravest string   `json:"gravest_tier,omitempty"`
}

// clinical says which devices are in an incident on which care depends.
func (i *Incidents) clinical(it *item) Clinical {
	c := Clinical{Devices: []Entity{}, Text: Text{"No device on which care is known to depend is in it.", "Aucun équipement dont dépendent des soins, que l’on sache, n’est concerné."}}
	counts := map[string]int{}
	wards := []string{}
	for _, e := range it.members() {
		v := i.entity(e)
		if v.Kind != "device" || v.Tier >= "3" {
			continue
		}
		counts[v.Tier]++
		c.Devices = append(c.Devices, v)
		if v.Ward != "" && !slices.Contains(wards, v.Ward) {
			wards = append(wards, v.Ward)
		}
	}
	if len(c.Devices) == 0 {
		return c
	}
	rank := func(e Entity) string { return cmp.Or(e.Tier, "1") }
	slices.SortStableFunc(c.Devices, func(a, b Entity) int { return strings.Compare(rank(a), rank(b)) })
	c.Gravest = c.Devices[0].Tier
	en, fr := "Devices in it on which care depends: ", "Équipements concernés dont dépendent des soins. "
	var partsEN, partsFR []string
	for _, t := range [...]struct{ tier, en, fr string }{{"0", "life-critical", "vitaux"}, {"1", "essential", "essentiels"}, {"", "not yet rated", "pas encore classés"}, {"2", "supporting", "de soutien"}} {
		if n := counts[t.tier]; n > 0 {
			partsEN, partsFR = append(partsEN, fmt.Sprintf("%d %s", n, t.en)), append(partsFR, fmt.Sprintf("%s : %d", t.fr, n))
		}
	}
	c.Text = Text{en + strings.Join(partsEN, ", ") + ".", fr + upper(strings.Join(partsFR, ", ")) + "."}
	if len(wards) > 0 {
		c.Text = c.Text.plus(Text{" Wards: " + strings.Join(wards, ", ") + ".", " Services : " + strings.Join(wards, ", ") + "."})
	}
	return c
}
