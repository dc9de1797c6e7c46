package finding

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/event"
)

// ocsfAttribute is what OCSF 1.3.0 says of an attribute: its type, whether the object it stands in must have it, and the numbers that
// it may have.
type ocsfAttribute struct {
	kind     string // text, number, time (milliseconds), object, list, json
	required bool
	enum     string
}

// ocsfSchema are the attributes of Detection Finding (class 2004) with the profile incident, as far as they are written, and all of
// those that are required: https://schema.ocsf.io/1.3.0/classes/detection_finding?profiles=incident.
var ocsfSchema = map[string]ocsfAttribute{
	"activity_id": {"number", true, "1 2 3"}, "activity_name": {kind: "text"},
	"category_uid": {"number", true, "2"}, "category_name": {kind: "text"},
	"class_uid": {"number", true, "2004"}, "class_name": {kind: "text"},
	"type_uid": {"number", true, "200401 200402 200403"}, "type_name": {kind: "text"},
	"severity_id": {"number", true, "1 2 3 4 5 6"}, "severity": {kind: "text"},
	"status_id": {"number", false, "1 2 3 4"}, "status": {kind: "text"},
	"confidence_id": {"number", false, "1 2 3"}, "confidence": {kind: "text"},
	"verdict_id": {"number", false, "1 2 3 4 5"}, "verdict": {kind: "text"},
	"time": {kind: "time", required: true}, "start_time": {kind: "time"}, "end_time": {kind: "time"},
	"count": {kind: "number"}, "message": {kind: "text"}, "comment": {kind: "text"},

	"metadata": {kind: "object", required: true}, "metadata.version": {kind: "text", required: true}, "metadata.uid": {kind: "text"},
	"metadata.profiles": {kind: "list"}, "metadata.profiles[]": {kind: "text"}, "metadata.product": {kind: "object", required: true},
	"metadata.product.name": {kind: "text"}, "metadata.product.vendor_name": {kind: "text", required: true},

	"finding_info": {kind: "object", required: true}, "finding_info.uid": {kind: "text", required: true}, "finding_info.title": {kind: "text", required: true},
	"finding_info.desc": {kind: "text"}, "finding_info.types": {kind: "list"}, "finding_info.types[]": {kind: "text"},
	"finding_info.first_seen_time": {kind: "time"}, "finding_info.last_seen_time": {kind: "time"}, "finding_info.created_time": {kind: "time"},
	"finding_info.data_sources": {kind: "list"}, "finding_info.data_sources[]": {kind: "text"},
	"finding_info.analytic": {kind: "object"}, "finding_info.analytic.type_id": {"number", true, "1"}, "finding_info.analytic.type": {kind: "text"},
	"finding_info.analytic.uid": {kind: "text"}, "finding_info.analytic.name": {kind: "text"}, "finding_info.analytic.version": {kind: "text"},
	"finding_info.analytic.category": {kind: "text"},
	"finding_info.attacks":           {kind: "list"}, "finding_info.attacks[]": {kind: "object"}, "finding_info.attacks[].version": {kind: "text"},
	"finding_info.attacks[].technique": {kind: "object"}, "finding_info.attacks[].technique.uid": {kind: "text"}, "finding_info.attacks[].technique.name": {kind: "text"},
	"finding_info.attacks[].sub_technique": {kind: "object"}, "finding_info.attacks[].sub_technique.uid": {kind: "text"}, "finding_info.attacks[].sub_technique.name": {kind: "text"},
	"finding_info.attacks[].tactic": {kind: "object"}, "finding_info.attacks[].tactic.uid": {kind: "text"}, "finding_info.attacks[].tactic.name": {kind: "text"},
	"finding_info.attacks[].tactics": {kind: "list"}, "finding_info.attacks[].tactics[]": {kind: "object"},
	"finding_info.attacks[].tactics[].uid": {kind: "text"}, "finding_info.attacks[].tactics[].name": {kind: "text"},

	"observables": {kind: "list"}, "observables[]": {kind: "object"}, "observables[].name": {kind: "text", required: true},
	"observables[].type_id": {"number", true, "1 2 4 6 7 8 99"}, "observables[].type": {kind: "text"}, "observables[].value": {kind: "text"},

	"evidences": {kind: "list"}, "evidences[]": {kind: "object"}, "evidences[].data": {kind: "json"},
	"evidences[].connection_info": {kind: "object"}, "evidences[].connection_info.direction_id": {"number", true, "0"},
	"evidences[].connection_info.protocol_name": {kind: "text"},
	"evidences[].src_endpoint":                  {kind: "object"}, "evidences[].src_endpoint.ip": {kind: "text"}, "evidences[].src_endpoint.uid": {kind: "text"}, "evidences[].src_endpoint.name": {kind: "text"},
	"evidences[].dst_endpoint": {kind: "object"}, "evidences[].dst_endpoint.ip": {kind: "text"}, "evidences[].dst_endpoint.uid": {kind: "text"}, "evidences[].dst_endpoint.name": {kind: "text"},
	"evidences[].dst_endpoint.port": {kind: "number"},

	"resources": {kind: "list"}, "resources[]": {kind: "object"}, "resources[].uid": {kind: "text"}, "resources[].name": {kind: "text"}, "resources[].type": {kind: "text"},
}

// ocsfOneOf are objects that must have one attribute of several.
var ocsfOneOf = map[string]string{"finding_info.attacks[]": "tactic technique sub_technique", "finding_info.analytic": "name uid", "metadata.product": "name uid",
	"evidences[]": "connection_info data dst_endpoint src_endpoint", "resources[]": "name uid",
	"evidences[].src_endpoint": "ip uid name", "evidences[].dst_endpoint": "ip uid name"}

// wrongs are the ways in which a value at a place is not as the schema says.
func wrongs(path string, v any) (all []string) {
	a, known := ocsfSchema[path]
	if path != "" && !known {
		return []string{path + " is no attribute"}
	}
	kind := "object"
	switch x := v.(type) {
	case string:
		kind = "text"
		if x == "" {
			all = append(all, path+" is empty")
		}
	case float64:
		kind = "number"
		if a.kind == "time" && x > 1e12 && x < 1e13 {
			kind = "time"
		}
		if a.enum != "" && !slices.Contains(strings.Fields(a.enum), fmt.Sprintf("%.0f", x)) {
			all = append(all, fmt.Sprintf("%s is %.0f, none of %s", path, x, a.enum))
		}
	case []any:
		kind = "list"
		for _, y := range x {
			all = append(all, wrongs(path+"[]", y)...)
		}
	case map[string]any:
		if a.kind == "json" {
			return nil
		}
		all = append(all, wrongObject(path, x)...)
	}
	if path != "" && kind != a.kind {
		all = append(all, fmt.Sprintf("%s is %s, and not %s", path, kind, a.kind))
	}
	return all
}

func wrongObject(path string, o map[string]any) (all []string) {
	below := strings.TrimPrefix(path+".", ".")
	for name, v := range o {
		all = append(all, wrongs(below+name, v)...)
	}
	for name, a := range ocsfSchema {
		if rest, ok := strings.CutPrefix(name, below); ok && a.required && !strings.ContainsAny(rest, ".[") && o[rest] == nil {
			all = append(all, name+" is required")
		}
	}
	if some := strings.Fields(ocsfOneOf[path]); len(some) > 0 && !slices.ContainsFunc(some, func(n string) bool { return o[n] != nil }) {
		all = append(all, fmt.Sprintf("%s has none of %v", path, some))
	}
	return all
}

// Whatever a finding is like, the event that it is exported as is what OCSF says of its class.
func TestOCSFIsAsItsSchemaSays(t *testing.T) {
	f := filled(t)
	a := &alerts{n: 99}
	a.put("10.0.0.9", "10.0.0.2", &event.Alert{Title: "only a tactic", GID: 1, SID: 300, Severity: 1, Metadata: []string{"mitre_tactic_id TA0008"}})
	a.put("10.0.0.9", "10.0.0.3", &event.Alert{Title: "nothing but a title", GID: 1, SID: 301})
	a.put("10.0.0.9", "10.0.0.3", &event.Alert{Title: "nothing but a title", GID: 1, SID: 301})
	hear(t, f, a)
	all := page(t, f, "limit=100").Items
	for n, v := range []Verdict{True, False, Benign, Suppress} {
		say(t, f, Ask{IDs: []uint64{all[n].ID}, Verdict: v, Reason: "so it is"})
	}
	say(t, f, Ask{IDs: []uint64{all[4].ID}, Verdict: Snooze, Until: morning.AddDate(1, 0, 0)})
	for _, v := range page(t, f, "limit=100").Items {
		text, err := json.Marshal(f.ocsf(&v))
		if err != nil {
			t.Fatal(err)
		}
		var o map[string]any
		if err := json.Unmarshal(text, &o); err != nil {
			t.Fatal(err)
		}
		if all := wrongs("", o); len(all) > 0 {
			t.Errorf("finding %d (%s, %s):\n%s\nof\n%s", v.ID, v.Status, v.Verdict, strings.Join(all, "\n"), text)
		}
	}
}
