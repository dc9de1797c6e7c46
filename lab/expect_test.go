package lab

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	events := `{"time":"x","kind":"dns","query.hostname":"a.example","answers.rdata":["10.0.0.1","10.0.0.2"],"n":3}
{"time":"x","kind":"dns","query.hostname":"b.example"}
{"time":"x","kind":"flow","up":true}
`
	one := func(e Expectation) []Expectation { return []Expectation{e} }
	tests := []struct {
		says     string
		expected []Expectation
		passed   bool
		reason   string
	}{
		{"a text that is equal", one(Expectation{Kind: "dns", Match: m{"query.hostname": "a.example"}, Min: 1}), true, ""},
		{"a text in a list, a number, a truth that is not there", one(Expectation{Match: m{"answers.rdata": "10.0.0.2", "n": 3, "up": Absent()}, Min: 1}), true, ""},
		{"a predicate over a list", one(Expectation{Match: m{"answers.rdata": BeginsWith("10."), "n": AtLeast(2)}, Min: 1, Max: 1}), true, ""},
		{"a truth", one(Expectation{Kind: "flow", Match: m{"up": true}, Min: 1}), true, ""},
		{"too few, and what the nearest event lacks", one(Expectation{Kind: "dns", Match: m{"query.hostname": "b.example", "n": 3}, Min: 1}), false,
			"got 0 events, want at least 1; in the nearest one query.hostname is \"a.example\""},
		{"too many", one(Expectation{Kind: "dns", Max: 1}), false, "got 2 events, want at most 1"},
		{"one that may not be", one(Expectation{Kind: "flow", Never: true}), false, "got 1 events, want none"},
		{"one that may not be, of a kind that never came", one(Expectation{Kind: "smb", Never: true}), false, "proves nothing: there are no such events at all"},
		{"any attribute at all", one(Expectation{Match: m{anyAttribute: Contains("b.exam")}, Never: true}), false, "got 1 events, want none"},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			results, err := Check(strings.NewReader(events), tt.expected)
			if err != nil {
				t.Fatal(err)
			}
			if got := results[0]; got.Passed != tt.passed || got.Reason != tt.reason {
				t.Errorf("got %v %q, want %v %q", got.Passed, got.Reason, tt.passed, tt.reason)
			}
		})
	}
}

func TestCheckFindsIdentifiers(t *testing.T) {
	p := Patients[2]
	tests := []struct {
		says, event string
		passed      bool
	}{
		{"nothing of the patient", `{"kind":"hl7","patient.uid":"9f2c"}`, true},
		{"a record number inside a longer text", `{"kind":"http","http_request.url.path":"/fhir/Patient/` + p.MRN + `"}`, false},
		{"a name in small letters inside a list", `{"kind":"dicom","dicom.query_keys":["x","` + strings.ToLower(p.Family) + `"]}`, false},
		{"no event at all proves nothing", ``, false},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			results, err := Check(strings.NewReader(tt.event), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := results[2].Passed; got != tt.passed {
				t.Errorf("got passed %v (%s), want %v", got, results[2].Reason, tt.passed)
			}
		})
	}
}

func TestExpectationsAreDistinctAndMany(t *testing.T) {
	seen := map[string]bool{}
	all := Expectations()
	for _, e := range all {
		if seen[e.Name] {
			t.Errorf("%q stands twice", e.Name)
		}
		seen[e.Name] = true
		if e.Never == (e.Min > 0) {
			t.Errorf("%q: got never %v and at least %d, want one of them", e.Name, e.Never, e.Min)
		}
	}
	if len(all) < 60 {
		t.Errorf("got %d expectations, want 60 or more", len(all))
	}
}

func TestPrint(t *testing.T) {
	good, bad := Result{Expectation: Expectation{Name: "a"}, Passed: true}, Result{Expectation: Expectation{Name: "b"}, Reason: "why"}
	known := bad
	known.Known = "not yet"
	tests := []struct {
		says    string
		results []Result
		ok      bool
		last    string
	}{
		{"all passed", []Result{good, good}, true, "RESULT x 2/2 share"},
		{"one failed", []Result{good, bad}, false, "RESULT x 1/2 share"},
		{"one that is known to fail counts, but does not fail the run", []Result{good, known}, true, "RESULT x 1/2 share"},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			var out strings.Builder
			ok := Print(&out, "x", tt.results)
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if got := lines[len(lines)-1]; ok != tt.ok || got != tt.last {
				t.Errorf("got %v, %q, want %v, %q", ok, got, tt.ok, tt.last)
			}
		})
	}
}
