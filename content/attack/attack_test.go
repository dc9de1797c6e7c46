package attack

import "testing"

func TestAttack(t *testing.T) {
	a := Load()
	if got := len(a.Tactics()); got != 15 {
		t.Errorf("%d tactics, want 15", got)
	}
	if got := len(a.Techniques()); got != 697 {
		t.Errorf("%d techniques, want 697", got)
	}
	for _, id := range a.Techniques() {
		x := a.Technique(id)
		if x.Name == "" || len(x.Tactics) == 0 || !Valid(id) {
			t.Errorf("%s: %+v", id, x)
		}
	}
	for old, now := range a.retired {
		if x := a.Technique(old); x.ID != now || x.Was != old || x.Name == "" || a.techniques[old] != nil {
			t.Errorf("%s, which is retired: %+v, want %s", old, x, now)
		}
	}
	for _, c := range []struct{ sentence, asked, id, name, was string }{
		{"a technique", "T1210", "T1210", "Exploitation of Remote Services", ""},
		{"a part of one is named with its whole", "T1059.001", "T1059.001", "Command and Scripting Interpreter: PowerShell", ""},
		{"as some rules write it", "t1059_001", "T1059.001", "Command and Scripting Interpreter: PowerShell", ""},
		{"one that v19 has retired", "T1562.001", "T1685", "Disable or Modify Tools", "T1562.001"},
		{"one of before there were parts", "T1086", "T1059.001", "Command and Scripting Interpreter: PowerShell", "T1086"},
		{"one that there never was", "T9999", "T9999", "", ""},
	} {
		if x := a.Technique(c.asked); x.ID != c.id || x.Name != c.name || x.Was != c.was {
			t.Errorf("%s: %+v, want %s %s %s", c.sentence, x, c.id, c.name, c.was)
		}
	}
	if x, ok := a.Tactic("TA0112"); !ok || x.Name != "Defense Impairment" || x.French == "" {
		t.Errorf("TA0112: %+v", x)
	}
	for text, want := range map[string]bool{"T1059": true, "T1059.001": true, "T105": false, "T1059.1": false, "TA0008": false, "": false, "T1059.": false} {
		if Valid(text) != want {
			t.Errorf("%q is valid: %v", text, !want)
		}
	}
	for text, want := range map[string]bool{"TA0008": true, "TA00080": false, "TA00\x008": false, "T0008": false} {
		if ValidTactic(text) != want {
			t.Errorf("%q is a tactic: %v", text, !want)
		}
	}
}
