package finding

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bulwark/content/attack"
)

// rawRecord is JSON that is shown as it is.
type rawRecord = json.RawMessage

// recordOf is a record where it is JSON.
func recordOf(text string) rawRecord {
	if text == "" || !json.Valid([]byte(text)) {
		return nil
	}
	return rawRecord(text)
}

// apps are protocols as people call them, where that is not their name in capitals.
var apps = map[string]string{"krb5": "Kerberos", "dcerpc": "DCE/RPC", "dicomweb": "DICOMweb", "modbus": "Modbus", "bacnet": "BACnet", "websocket": "WebSocket",
	"pgsql": "PostgreSQL", "mysql": "MySQL", "tds": "SQL Server (TDS)", "rfb": "VNC", "http2": "HTTP/2", "doh2": "DNS over HTTPS", "telnet": "telnet", "syslog": "syslog"}

func appName(app string) string {
	if n := apps[app]; n != "" {
		return n
	}
	return strings.ToUpper(app)
}

// called is what an entity is called in a sentence.
func (e *Entity) called() Text {
	switch {
	case e.Kind == "others":
		return Text{"many others", "beaucoup d'autres"}
	case e.Name != "" && e.Name != e.Value && e.Value != "":
		return Text{e.Name + " (" + e.Value + ")", e.Name + " (" + e.Value + ")"}
	case e.Value == "":
		return Text{fmt.Sprintf("device %d", e.Device), fmt.Sprintf("l'appareil %d", e.Device)}
	}
	return Text{e.Value, e.Value}
}

// why says in a sentence what matched between whom.
func (it *item) why(all []Entity) Text {
	from, to := first(all, "source"), first(all, "target")
	if it.Answer {
		from, to = to, from
	}
	en, fr := "Rule "+it.Rule+" matched", "La règle "+it.Rule+" correspond"
	switch {
	case it.rule.Source == ofLogs:
		inLogs(&en, &fr, from, to)
	case from != nil && to != nil:
		a, b := from.called(), to.called()
		en += " what " + a.EN + " sent to " + b.EN
		fr += " à ce que " + a.FR + " a envoyé à " + b.FR
	case from != nil:
		a := from.called()
		en += " what " + a.EN + " sent"
		fr += " à ce que " + a.FR + " a envoyé"
	default:
		en, fr = en+" what crossed the network", fr+" à ce qui a traversé le réseau"
	}
	if it.Port != 0 {
		en += ", port " + strconv.Itoa(int(it.Port))
		fr += ", port " + strconv.Itoa(int(it.Port))
	}
	if it.App != "" && it.rule.Source != ofLogs { // of logs it is the form that they are in, which tells nobody more
		en += ", in " + appName(it.App)
		fr += ", en " + appName(it.App)
	}
	if it.Count > 1 {
		en += ", " + grouped(it.Count, ",") + " times"
		fr += ", " + grouped(it.Count, "\u202f") + " fois"
	}
	return Text{en + ".", fr + "."}
}

// ofLogs is the source of findings that rules about events of logs made.
const ofLogs = "log"

// inLogs says of whom a log tells what matched.
func inLogs(en, fr *string, from, to *Entity) {
	*en, *fr = *en+" what a log says", *fr+" à ce que dit un journal"
	if from != nil {
		a := from.called()
		*en, *fr = *en+" of "+a.EN, *fr+" de "+a.FR
	}
	if to != nil {
		a := to.called()
		*en, *fr = *en+" towards "+a.EN, *fr+" envers "+a.FR
	}
}

func first(all []Entity, role string) *Entity {
	for n := range all {
		if all[n].Role == role {
			return &all[n]
		}
	}
	return nil
}

// grouped is a number with a mark between thousands.
func grouped(n uint64, mark string) string {
	s := strconv.FormatUint(n, 10)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + mark + s[at:]
	}
	return s
}

// steps are what to do next.
func steps(v *Finding) []Text {
	all := []Text{{"Open the packets of the conversation, and see whether they are what the rule says.",
		"Ouvrez les paquets de la conversation et vérifiez qu'ils sont bien ce que dit la règle."}}
	if v.Source == ofLogs {
		all = []Text{{"Read the events of the log, and what the machine wrote shortly before and after.",
			"Lisez les événements du journal, et ce que la machine a écrit juste avant et après."}}
	}
	src, dst := first(v.Entities, "source"), first(v.Entities, "target")
	if src != nil && src.Kind != "others" {
		n := src.called()
		all = append(all, Text{"See in Search what else " + n.EN + " did around that time.",
			"Voyez dans Recherche ce que " + n.FR + " a fait d'autre à ce moment-là."})
	}
	for _, e := range [...]*Entity{src, dst} {
		if e != nil && (e.Tier == "0" || e.Tier == "1") {
			n := e.called()
			all = append(all, Text{"Care depends on " + n.EN + ": speak with the ward and the biomedical engineers before you touch it.",
				"Des soins dépendent de " + n.FR + " : parlez au service et aux ingénieurs biomédicaux avant d'y toucher."})
		}
	}
	for _, s := range byTactic {
		if v.hasTactic(s.tactics...) {
			all = append(all, s.text)
		}
	}
	return append(all, Text{"If it is expected here, say so: benign, with the reason. It will be counted, and not shown again.",
		"Si c'est attendu ici, dites-le : bénin, avec la raison. Ce sera compté, et ne sera plus montré."})
}

// byTactic is what to do where a technique has one of these tactics.
var byTactic = [...]struct {
	tactics []string
	text    Text
}{
	{[]string{"TA0006"}, Text{"Find out which accounts were in it, and change their passwords from another device.",
		"Déterminez quels comptes sont concernés et changez leurs mots de passe depuis un autre appareil."}},
	{[]string{"TA0011", "TA0010"}, Text{"Ask who uses the inner device. If nobody can explain it, keep it from the outside.",
		"Demandez qui utilise l'appareil interne. Si personne ne peut l'expliquer, coupez-lui l'extérieur."}},
	{[]string{"TA0001", "TA0008"}, Text{"Look whether the target did something new afterwards: new conversations, files, sign-ons.",
		"Regardez si la cible a ensuite fait quelque chose de nouveau : conversations, fichiers, connexions."}},
	{[]string{"TA0043", "TA0007"}, Text{"Find out whether somebody was told to scan here. A scanner that is ours is worth a verdict for its address.",
		"Vérifiez si quelqu'un a été chargé d'un balayage ici. Un scanner à nous mérite un verdict pour son adresse."}},
	{[]string{"TA0040"}, Text{"Look whether files are being changed or deleted now, and whether there are copies that it cannot reach.",
		"Regardez si des fichiers sont en train d'être modifiés ou supprimés, et s'il existe des copies hors d'atteinte."}},
}

func (v *Finding) hasTactic(ids ...string) bool {
	return slices.ContainsFunc(v.Tactics, func(x attack.Tactic) bool { return slices.Contains(ids, x.ID) })
}
