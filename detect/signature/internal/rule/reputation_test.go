package rule

import (
	"net/netip"
	"strings"
	"testing"
)

func TestReputation(t *testing.T) {
	var r Reputation
	for _, read := range []struct {
		text string
		by   func() ([]*Error, error)
	}{
		{"categories", func() ([]*Error, error) {
			return r.Categories(strings.NewReader("# ID,NAME,DESCRIPTION\n1,BadHosts,Known bad hosts\n2,Scanner\n60,TooHigh,x\nx\n"), "categories.txt")
		}},
		{"list", func() ([]*Error, error) {
			return r.List(strings.NewReader("ip,category,score\n192.0.2.0/24,1,10\n192.0.2.7,1,99\n192.0.2.7,2,0\n2001:db8::/32,1,5\n192.0.2.9,1,128\nhost,1,1\n192.0.2.9,1\n"), "reputation.list")
		}},
	} {
		errs, err := read.by()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range errs {
			t.Logf("%s: %v", read.text, e)
		}
		if want := map[string]int{"categories": 2, "list": 3}[read.text]; len(errs) != want {
			t.Errorf("%s: got %d faults, want %d", read.text, len(errs), want)
		}
	}
	bad, err := r.Category("BadHosts")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Category("GoodHosts"); err == nil {
		t.Error("a category that is not there: got no error")
	}
	for _, c := range []struct {
		does, address string
		want          int // -1: nothing is known
	}{
		{"a host stands before its network", "192.0.2.7", 99},
		{"a network", "192.0.2.8", 10},
		{"one of IPv6", "2001:db8::1", 5},
		{"an address of which nothing is said", "198.51.100.1", -1},
		{"a score that is too high is none", "192.0.2.9", 10},
	} {
		score, ok := r.Score(bad, netip.MustParseAddr(c.address))
		if got := int(score); ok != (c.want >= 0) || ok && got != c.want {
			t.Errorf("%s: got %d, %v; want %d", c.does, got, ok, c.want)
		}
	}
}
