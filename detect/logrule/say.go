package logrule

import (
	"cmp"
	"strings"

	"bulwark/content/attack"
)

// key names a rule, one that has no identifier too.
func (r *Rule) key() string { return cmp.Or(r.ID, r.Title) }

// tacticsByTag are the ids of tactics by the names that tags of Sigma have for them: credential-access.
func tacticsByTag() map[string]string {
	all := map[string]string{"defense-evasion": "TA0005"} // as ATT&CK called it before version 19
	for _, t := range attack.Load().Tactics() {
		all[strings.ReplaceAll(strings.ToLower(t.Name), " ", "-")] = t.ID
	}
	return all
}

// priority is the level of a rule as traffic rules have it: 1 is the highest.
func (r *Rule) priority() uint64 {
	switch r.Level {
	case "critical", "high":
		return 1
	case "medium":
		return 2
	case "low":
		return 3
	}
	return 4
}

// source is the log source that a rule is for, as Sigma has it.
func (r *Rule) source() string {
	var all []string
	for _, s := range [...]string{r.Product, r.Category, r.Service} {
		if s != "" {
			all = append(all, s)
		}
	}
	return strings.Join(all, " / ")
}

// metadata says of a rule what traffic rules say in their metadata: its severity, how sure it is, its techniques and tactics.
func (r *Rule) metadata(tactics map[string]string) []string {
	all := []string{"signature_severity " + r.Level}
	switch r.Status {
	case "stable":
		all = append(all, "confidence high")
	case "test":
		all = append(all, "confidence medium")
	case "experimental":
		all = append(all, "confidence low")
	}
	for _, id := range r.techniques() {
		all = append(all, "mitre_technique_id "+id)
	}
	for _, tag := range r.Tags {
		if id := tactics[strings.TrimPrefix(tag, "attack.")]; id != "" {
			all = append(all, "mitre_tactic_id "+id)
		}
	}
	return all
}

// techniques are the techniques of ATT&CK that the tags of a rule name.
func (r *Rule) techniques() []string {
	all := []string{}
	for _, tag := range r.Tags {
		if name, ok := strings.CutPrefix(tag, "attack."); ok && attack.Valid(strings.ToUpper(name)) {
			all = append(all, strings.ToUpper(name))
		}
	}
	return all
}
