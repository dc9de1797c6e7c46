package engine

import (
	"slices"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/rule"
	"bulwark/wire/packet"
)

func TestReputationOfAddresses(t *testing.T) {
	var known rule.Reputation
	if _, err := known.Categories(strings.NewReader("1,Bad,x\n2,Scan,x\n"), "categories.txt"); err != nil {
		t.Fatal(err)
	}
	if _, err := known.List(strings.NewReader("192.0.2.0/24,1,50\n10.0.0.7,2,5\n"), "reputation.list"); err != nil {
		t.Fatal(err)
	}
	all, errs, err := rule.Parse(strings.NewReader(`alert ip any any -> any any (iprep:dst,Bad,>,30; sid:1;)
alert ip any any -> any any (iprep:src,Bad,>,30; sid:2;)
alert ip any any -> any any (iprep:any,Bad,<,30; sid:3;)
alert ip any any -> any any (iprep:src,Scan,isset; sid:4;)
alert ip any any -> any any (iprep:both,Scan,isnotset; sid:5;)
alert ip any any -> any any (iprep:both,Bad,>,1; sid:6;)
alert ip any any -> any any (iprep:any,Nothing,>,1; sid:7;)`), "test.rules", rule.Options{})
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	set, refused := Compile(all, Options{Reputation: &known})
	if len(refused) != 1 || refused[0].Rule.SID != 7 {
		t.Fatalf("got %v refused, want the rule with a category that is not there", refused)
	}
	s := NewShared()
	s.Use(set)
	p := &play{t: t}
	p.w = s.Inspector(p)
	p.connect("10.0.0.7", "192.0.2.1", 50000, 80, packet.TCP)
	for range 3 {
		p.send(up, "x")
		p.send(down, "y")
	}
	slices.Sort(p.alerts)
	if want := []string{"1 up", "2 down", "4 up"}; !slices.Equal(p.alerts, want) {
		t.Errorf("got %v, want %v, each once", p.alerts, want)
	}
	_, refused = Compile(all[:1], Options{})
	if len(refused) != 1 || !strings.Contains(refused[0].Err.Error(), "categories.txt") {
		t.Errorf("without lists: got %v, want one refused that says which file it needs", refused)
	}
}
