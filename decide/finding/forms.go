package finding

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"bulwark/content/attack"
)

// OCSF 1.3, https://schema.ocsf.io/1.3.0/classes/detection_finding.
const (
	ocsfVersion  = "1.3.0"
	ocsfClass    = 2004 // Detection Finding
	ocsfCategory = 2    // Findings
)

var (
	ocsfSeverity    = map[string]int{"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
	ocsfConfidence  = map[string]int{"": 0, "low": 1, "medium": 2, "high": 3}
	ocsfVerdict     = map[Verdict]int{False: 1, True: 2, Suppress: 3, Benign: 5} // of the profile incident
	ocsfVerdictName = map[Verdict]string{False: "False Positive", True: "True Positive", Suppress: "Disregard", Benign: "Benign"}
)

// ocsf is a finding as an event of class 2004.
func (f *Findings) ocsf(v *Finding) object {
	activity, activityName, status, statusName := 1, "Create", 1, "New"
	switch {
	case v.Status == Closed && v.Verdict == Suppress:
		activity, activityName, status, statusName = 3, "Close", 3, "Suppressed"
	case v.Status == Closed:
		activity, activityName, status, statusName = 3, "Close", 4, "Resolved"
	case v.Status == Snoozed:
		activity, activityName, status, statusName = 2, "Update", 2, "In Progress"
	case v.Count > 1:
		activity, activityName = 2, "Update"
	}
	info := object{"uid": strconv.FormatUint(v.ID, 10), "title": v.Title, "desc": v.Why.EN, "types": []string{v.Source},
		"first_seen_time": v.First.UnixMilli(), "last_seen_time": v.Last.UnixMilli(), "created_time": v.First.UnixMilli(),
		"data_sources": []string{"network"}, "attacks": attacks(v)}
	analytic := object{"uid": v.Rule, "name": v.Title, "type_id": 1, "type": "Rule", "version": strconv.FormatUint(v.Rev, 10)}
	v.put(analytic, "category", v.Category)
	info["analytic"] = analytic
	o := object{"class_uid": ocsfClass, "class_name": "Detection Finding", "category_uid": ocsfCategory, "category_name": "Findings",
		"activity_id": activity, "activity_name": activityName, "type_uid": ocsfClass*100 + activity, "type_name": "Detection Finding: " + activityName,
		"severity_id": ocsfSeverity[v.Severity], "severity": upper(v.Severity), "status_id": status, "status": statusName,
		"time": v.Last.UnixMilli(), "start_time": v.First.UnixMilli(), "end_time": v.Last.UnixMilli(), "count": v.Count, "message": v.Why.EN,
		"metadata":     object{"version": ocsfVersion, "uid": strconv.FormatUint(v.ID, 10), "profiles": []string{"incident"}, "product": object{"name": "Bulwark", "vendor_name": "Bulwark"}},
		"finding_info": info, "observables": observables(v), "evidences": []object{ocsfEvidence(v)}}
	if v.Confidence != "" {
		o["confidence_id"], o["confidence"] = ocsfConfidence[v.Confidence], upper(v.Confidence)
	}
	if v.Verdict != "" {
		o["verdict_id"], o["verdict"] = ocsfVerdict[v.Verdict], ocsfVerdictName[v.Verdict]
	}
	v.put(o, "comment", v.Reason)
	if dst := first(v.Entities, "target"); dst != nil && dst.Device != 0 {
		r := object{"uid": strconv.FormatUint(dst.Device, 10)}
		v.put(r, "name", dst.Name)
		v.put(r, "type", dst.Class)
		o["resources"] = []object{r}
	}
	return o
}

func upper(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// attacks are the techniques, each with its tactics.
func attacks(v *Finding) []object {
	all := []object{}
	for _, t := range v.Techniques {
		technique := object{"uid": t.ID}
		v.put(technique, "name", t.Name)
		a := object{"version": attack.Version, "technique": technique}
		if whole, _, ok := strings.Cut(t.ID, "."); ok {
			a["technique"], a["sub_technique"] = object{"uid": whole}, technique
		}
		if len(t.Tactics) > 0 {
			tactics := []object{}
			for _, x := range t.Tactics {
				tactics = append(tactics, object{"uid": x.ID, "name": x.Name})
			}
			a["tactics"] = tactics
		}
		all = append(all, a)
	}
	if len(all) == 0 && len(v.Tactics) > 0 {
		for _, x := range v.Tactics {
			all = append(all, object{"version": attack.Version, "tactic": object{"uid": x.ID, "name": x.Name}})
		}
	}
	return all
}

// observables are who and what it is about, each with the place in the event where it stands.
func observables(v *Finding) []object {
	types := map[string][2]any{"device": {2, "IP Address"}, "address": {2, "IP Address"}, "domain": {1, "Hostname"}, "user": {4, "User Name"},
		"url": {6, "URL String"}, "file": {7, "File Name"}, "hash": {8, "Hash"}}
	all := []object{}
	for _, e := range v.Entities {
		if e.Value == "" {
			continue
		}
		t, ok := types[e.Kind]
		if !ok {
			t = [2]any{99, "Other"}
		}
		name := map[string]string{"source": "evidences.src_endpoint.ip", "target": "evidences.dst_endpoint.ip"}[e.Role]
		all = append(all, object{"name": cmp.Or(name, "evidences.data."+e.Kind), "value": e.Value, "type_id": t[0], "type": t[1]})
	}
	return all
}

func ocsfEvidence(v *Finding) object {
	o := object{}
	for role, key := range map[string]string{"source": "src_endpoint", "target": "dst_endpoint"} {
		if e := first(v.Entities, role); e != nil && e.Value != "" {
			p := object{"ip": e.Value}
			if e.Device != 0 {
				p["uid"] = strconv.FormatUint(e.Device, 10)
			}
			v.put(p, "name", e.Name)
			if role == "target" && v.Port != 0 {
				p["port"] = v.Port
			}
			o[key] = p
		}
	}
	if v.Proto != "" {
		o["connection_info"] = object{"protocol_name": v.Proto, "direction_id": 0}
	}
	data := object{}
	v.put(data, "app_name", v.App)
	for _, e := range v.Entities {
		if e.Role == "other" && e.Value != "" {
			of, _ := data[e.Kind].([]string)
			data[e.Kind] = append(of, e.Value)
		}
	}
	o["data"] = data
	return o
}

// ecs is a finding as a document of the Elastic Common Schema 8.
func ecs(v *Finding) object {
	o := object{"@timestamp": v.Last.Format(time.RFC3339Nano), "ecs": object{"version": "8.11.0"}, "message": v.Why.EN,
		"event": object{"kind": "alert", "category": []string{"intrusion_detection", "network"}, "type": []string{"info"}, "id": strconv.FormatUint(v.ID, 10),
			"severity": ocsfSeverity[v.Severity], "start": v.First.Format(time.RFC3339Nano), "end": v.Last.Format(time.RFC3339Nano), "module": "bulwark", "dataset": "bulwark.finding"},
		"rule":   object{"id": v.Rule, "name": v.Title, "category": v.Category, "version": strconv.FormatUint(v.Rev, 10), "ruleset": v.Source},
		"labels": object{"severity": v.Severity, "status": string(v.Status), "verdict": string(v.Verdict), "count": strconv.FormatUint(v.Count, 10)}}
	var ids, names, tactics, tacticNames []string
	for _, t := range v.Techniques {
		ids, names = append(ids, t.ID), append(names, t.Name)
	}
	for _, x := range v.Tactics {
		tactics, tacticNames = append(tactics, x.ID), append(tacticNames, x.Name)
	}
	if len(ids)+len(tactics) > 0 {
		o["threat"] = object{"framework": "MITRE ATT&CK", "technique": object{"id": ids, "name": names}, "tactic": object{"id": tactics, "name": tacticNames}}
	}
	for role, key := range map[string]string{"source": "source", "target": "destination"} {
		if e := first(v.Entities, role); e != nil && e.Value != "" {
			p := object{"ip": e.Value, "address": e.Value}
			if role == "target" && v.Port != 0 {
				p["port"] = v.Port
			}
			v.put(p, "domain", e.Name)
			o[key] = p
		}
	}
	network := object{}
	v.put(network, "transport", v.Proto)
	v.put(network, "protocol", v.App)
	o["network"] = network
	return o
}

// sigma is a finding with the names of Sigma's taxonomy: of a rule (title, id, level, tags) and of events (SourceIp...).
func sigma(v *Finding) object {
	tags := []string{}
	for _, x := range v.Tactics {
		tags = append(tags, "attack."+strings.ReplaceAll(strings.ToLower(x.Name), " ", "-"))
	}
	for _, t := range v.Techniques {
		tags = append(tags, "attack."+strings.ToLower(t.ID))
	}
	o := object{"title": v.Title, "id": v.Rule, "level": v.Severity, "tags": tags, "logsource": object{"product": "bulwark", "category": "network_connection"},
		"UtcTime": v.Last.Format(time.RFC3339Nano), "status": string(v.Status), "count": v.Count, "description": v.Why.EN}
	v.put(o, "Protocol", v.Proto)
	v.put(o, "Application", v.App)
	for role, key := range map[string]string{"source": "Source", "target": "Destination"} {
		if e := first(v.Entities, role); e != nil {
			v.put(o, key+"Ip", e.Value)
			v.put(o, key+"Hostname", e.Name)
		}
	}
	if v.Port != 0 {
		o["DestinationPort"] = v.Port
	}
	names := map[string]string{"user": "User", "file": "TargetFilename", "hash": "Hashes", "domain": "QueryName", "url": "c-uri"}
	for _, e := range v.Entities {
		if key := names[e.Kind]; key != "" && o[key] == nil {
			o[key] = e.Value
		}
	}
	return o
}
