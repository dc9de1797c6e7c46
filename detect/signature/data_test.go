package signature

import (
	"slices"
	"testing"
)

func TestListsOf(t *testing.T) {
	for _, c := range []struct {
		does, rules string
		want        []string
	}{
		{"a rule without lists names none", `alert ip any any -> any any (content:"dataset"; sid:1;)`, nil},
		{"a dataset names what it loads", `alert dns any any -> any any (dns.query; dataset:isset,a,type string,load a.lst; sid:1;)`, []string{"a.lst"}},
		{"and its state, each once", `alert dns any any -> any any (dns.query; dataset:set,a,type string,state b.lst; sid:1;)
alert dns any any -> any any (dns.query; dataset:isset,a,type string,state b.lst; sid:2;)`, []string{"b.lst"}},
		{"digests of files stand in a list", `alert http any any -> any any (filemd5:!sums; sid:1;)`, []string{"sums"}},
	} {
		if got := listsOf([]byte(c.rules)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.does, got, c.want)
		}
	}
}

func FuzzListsOf(f *testing.F) {
	f.Add([]byte(`alert http any any -> any any (http.uri; dataset:isset,a,type string,load x; filesha256:y; sid:1;)`))
	f.Add([]byte("dataset:datarep:filemd5:;;"))
	f.Fuzz(func(t *testing.T, rules []byte) {
		if n := len(listsOf(rules)); n > maxLists {
			t.Errorf("got %d lists, want at most %d", n, maxLists)
		}
	})
}
